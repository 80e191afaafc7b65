"""The character sets Vietnamese offices wrote in before Unicode: decoded, and told apart by what is Vietnamese.

TCVN3 (ABC, the .VnTime fonts) is set VN3 of TCVN 5712:1993, read here with the capitals that its set VN2 adds; VNI
is the set of the VNI-Windows fonts, a mark standing after its letter; windows-1258 is Microsoft's.
"""

import codecs
import itertools
import re
import unicodedata

LABELS = {
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1258": "windows-1258",
    "tcvn3": "TCVN3 (ABC)",
    "vni": "VNI",
}
LEGACY = ("cp1258", "tcvn3", "vni")
_TONES = "\u0301\u0300\u0309\u0303\u0323"  # acute, grave, hook, tilde, dot
_CIRCUMFLEX, _BREVE = "\u0302", "\u0306"

# TCVN 5712:1993, set VN2, 0xA0 to 0xFF
_VN2 = (
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ" "\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ" "ẮẦẨẪẤỀặầẩẫấậèỂẻẽ"
    "éẹềểễếệìỉỄẾỒĩíịò" "Ổỏõóọồổỗốộờởỡớợù" "ỖủũúụừửữứựỳỷỹýỵỐ"
)  # fmt: skip
_WINDOWS = bytes(range(0x80, 0xA0)).decode("cp1252", "replace").replace("\ufffd", "\ufffe")  # U+FFFE: no letter there
_TCVN3 = bytes(range(0x80)).decode("ascii") + _WINDOWS + _VN2


def _vni_letters():
    """What two or one characters of VNI, seen as windows-1252, stand for."""
    letters = dict(zip("ÔôÖöÑñÍíÌìÆæÓóÒòÎî", "ƠơƯưĐđÍíÌìỈỉĨĩỊịỴỵ", strict=True))
    series = [("aeouyôö", "ùøûõï", "", _TONES), ("aeo", "âáàåãä", _CIRCUMFLEX, ["", *_TONES])]
    series.append(("a", "êéèúüë", _BREVE, ["", *_TONES]))
    for bases, marks, shape, tones in series:
        for base, (mark, tone) in itertools.product(bases + bases.upper(), list(zip(marks, tones, strict=True))):
            letter = unicodedata.normalize("NFC", letters.get(base, base) + shape + tone)
            letters[base + mark] = letters[base + mark.upper()] = letter
    return letters


_VNI = _vni_letters()
_VNI_LETTER = re.compile("|".join(sorted(_VNI, key=len, reverse=True)))

_ONSET = (
    "ngh(?=[eêi])|ng(?![eêiy])|nh|gh(?=[eêi])|gi|g(?![eêy])|ph|th|tr|kh|ch|qu|c(?![eêiy])|k(?=[eêiy])|[bdđhlmnprstvx]"
)
_OPEN = (
    "[aăâeêioôơuưy]|ai|ao|au|ay|âu|ây|eo|êu|ia|iu|iêu|oa|oai|oao|oay|oe|oeo|oi|ôi|ơi|ua|uâ|uây|uê|ui|uôi|uơ|uy|uya|uyu"
    "|ưa|ưi|ươi|ươu|ưu|yêu"
)
_CLOSED = "[aăâeêioôơuưy]|iê|oa|oă|oe|oo|uâ|uê|uô|uy|uyê|ươ|yê"
_SYLLABLE = re.compile(
    rf"(?:{_ONSET})?(?:(?:{_OPEN})[{_TONES}]?|(?:{_CLOSED})(?:(?:ng|nh|[mn])[{_TONES}]?|(?:ch|[cpt])[\u0301\u0323]))"
)
_AROUND = re.compile("[\u00a0“”‘’„–—…«»°²³•]+")
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")


def decode(data, encoding, errors="strict"):
    """Text of bytes in one of LEGACY, composed (NFC). Raises UnicodeDecodeError where the set has no such character."""
    if encoding == "tcvn3":
        text = codecs.charmap_decode(data, errors, _TCVN3)[0]
    elif encoding == "vni":
        text = _VNI_LETTER.sub(lambda match: _VNI[match[0]], data.decode("cp1252", errors))
    else:
        text = data.decode(encoding, errors)
    return unicodedata.normalize("NFC", text)


def is_syllable(text):
    """Whether a word is spelled as a Vietnamese syllable, its tone one that its ending can have."""
    letters = unicodedata.normalize("NFD", text.casefold())
    tones = "".join(letter for letter in letters if letter in _TONES)
    rest = unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES))
    return bool(_SYLLABLE.fullmatch(rest + tones))


def find_words(data):
    """The words of some bytes that have a letter beyond ASCII."""
    return set(_WORD.findall(data))


def recognise(words):
    """The encoding of one file's words (bytes): one of LEGACY, or "utf-8" where most of them are that.

    None where fewer than seven in ten are Vietnamese under every set, or where a second one that would
    give another text is not clearly worse: half as many words at most, and two fewer or none.
    """
    found = {encoding: sum(map(is_vietnamese, _decode_words(words, encoding))) for encoding in LEGACY}
    best = max(found, key=found.get)
    unicode = sum(_is_utf8(word) for word in words)
    if unicode and unicode >= found[best]:
        return "utf-8"
    if not words or found[best] < 0.7 * len(words):
        return None
    text = _decode_words(words, best)
    rivals = [found[other] for other in LEGACY if other != best and _decode_words(words, other) != text]
    clear = all(2 * rival <= found[best] and (rival == 0 or found[best] - rival >= 2) for rival in rivals)
    return best if clear else None


def recognise_utf16(head):
    """The codec of UTF-16, by the mark that a file opens with or by where the zeros of plain letters stand; or None."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) < 0.2 * (len(head) / 2) or min(even, odd) > 0.05 * max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _decode_words(words, encoding):
    return [decode(word, encoding, "replace") for word in words]


def is_vietnamese(text):
    """Whether a word, or several with quotation marks or dashes around them, are spelled as Vietnamese syllables."""
    parts = [part for part in _AROUND.split(text) if part]
    return bool(parts) and all(map(is_syllable, parts))


def _is_utf8(word):
    try:
        return bool(word.decode("utf-8"))
    except UnicodeDecodeError:
        return False
