"""Vietnamese place names as people type them, matched to units and never guessed between two.

Folding keeps what tells names apart (tones, ơ/o, ê/e) and drops what does not: case, blanks, Unicode form,
where in a syllable the tone mark stands (Hoà, Hòa), and which of three look-alike letters was typed for Đ.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

# U+00D0 (Icelandic) and U+0189 (African) are drawn like Đ and come from other keyboards and old font conversions.
_D_FORMS = str.maketrans("ĐÐƉðɖ", "đđđđđ")
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_APOSTROPHES = str.maketrans("’‘`´", "''''")

_KINDS = {
    "xã": ("xã", "x.", "x"),
    "phường": ("phường", "p.", "p"),
    "thị trấn": ("thị trấn", "tt.", "tt"),
    "huyện": ("huyện", "h.", "h"),
    "quận": ("quận", "q.", "q"),
    "thị xã": ("thị xã", "tx.", "tx"),
    "thành phố": ("thành phố", "tp.", "tp", "t.p."),
    "tỉnh": ("tỉnh", "t.", "t"),
}

_KINDS_SHOWN = {kind: kind[0].upper() + kind[1:] for kind in _KINDS}


def fold(text):
    """The key under which two spellings of one name are equal; đ and tones are kept ("Hoà" and "HÒA" give "hoa1")."""
    text = unicodedata.normalize("NFD", text.translate(_D_FORMS).translate(_APOSTROPHES).casefold())
    words = []
    for word in re.sub(r"\s*[-–]\s*", "-", text).split():
        tones = "".join(_TONES[mark] for mark in word if mark in _TONES)
        letters = "".join(letter for letter in word if letter not in _TONES)
        words.append(unicodedata.normalize("NFC", letters) + tones)
    return " ".join(words)


def strip_marks(text):
    """The name without any diacritic, lower case, đ as d: "Đức Thọ" gives "duc tho"."""
    text = unicodedata.normalize("NFD", text.translate(_D_FORMS).translate(_APOSTROPHES).casefold()).replace("đ", "d")
    return " ".join("".join(letter for letter in text if not unicodedata.combining(letter)).split())


def _prefixes(key):
    forms = [(key(form), kind) for kind, spelled in _KINDS.items() for form in spelled]
    return sorted(forms, key=lambda form: -len(form[0]))


def _readings(key, prefixes):
    """Every way to read a folded name: as it stands, and with a prefix taken for the kind of unit."""
    readings = [(None, key)]
    for prefix, kind in prefixes:
        rest = key.removeprefix(prefix)
        # "tt.Đức Thọ" needs no blank after its dot, and "p1" none before its number
        if rest != key and rest.strip() and (rest[0] in " 0123456789" or prefix.endswith(".")):
            readings.append((kind, rest.strip()))
            break
    return readings


# From strict to loose. A looser key is asked only where a stricter one finds nothing; the last one only
# for names typed without any diacritic, since "Đức Lãng" is a misspelling of "Đức Lạng", not a form of it.
_LEVELS = [
    (fold, lambda text: True),
    (lambda text: fold(text).replace("đ", "d"), lambda text: True),
    (strip_marks, lambda text: strip_marks(text) == " ".join(text.translate(_APOSTROPHES).casefold().split())),
]
_LEVEL_PREFIXES = [_prefixes(key) for key, _ in _LEVELS]


def split_kind(name):
    """The kind of unit that an official name begins with, and the bare name: ("Xã", "Quang Vĩnh"); kind None if absent."""
    spelled = unicodedata.normalize("NFC", name.strip())
    for kind in sorted(_KINDS, key=len, reverse=True):
        if spelled.casefold().startswith(kind + " "):
            return _KINDS_SHOWN[kind], spelled[len(kind) :].strip()
    return None, spelled


def find_kind(text):
    """The kind of unit that a text names, however it is spelled ("Thịtrấn", "TX."): "Thị trấn", "Thị xã"; None if none."""
    key = fold(_join(text))
    return next((_KINDS_SHOWN[kind] for kind, forms in _KINDS.items() if key in map(fold, map(_join, forms))), None)


def _join(text):
    return "".join(text.split())


@dataclass(frozen=True)
class Match:
    """What a typed name was found to be: a code, or none, with the names that come nearest."""

    code: str | None
    ambiguous: bool = False
    candidates: tuple[str, ...] = ()


@dataclass
class Names:
    """The names of a set of units, all of one level and under one parent."""

    names: dict[str, str]
    _index: list = field(init=False, repr=False)
    _joined: dict = field(init=False, repr=False)

    def __post_init__(self):
        self._index = []
        for (key, _), prefixes in zip(_LEVELS, _LEVEL_PREFIXES):
            codes = defaultdict(set)
            for code, name in self.names.items():
                kind, bare = split_kind(name)
                # A list may leave the kinds out: then any kind that is typed will do
                for reading in (None, *([kind.casefold()] if kind else _KINDS)):
                    codes[reading, key(bare)].add(code)
            self._index.append((key, prefixes, codes))
        self._joined = defaultdict(set)
        for code, name in self.names.items():
            kind, bare = split_kind(name)
            for reading in {(kind and kind.casefold(), bare), (None, bare), (None, name)}:
                self._joined[reading[0], fold(_join(reading[1]))].add(code)

    def match(self, typed):
        """The unit that `typed` names, in any spelling; ambiguous where two of them could be meant."""
        for (key, prefixes, codes), (_, applies) in zip(self._index, _LEVELS):
            if not applies(typed):
                continue
            found = set().union(*(codes.get(reading, ()) for reading in _readings(key(typed), prefixes)))
            if len(found) == 1:
                return Match(found.pop())
            if found:
                return Match(None, True, tuple(sorted(self.names[code] for code in found)))
        found = self._match_joined(typed)
        if found:
            names = tuple(sorted(self.names[code] for code in found))
            return Match(None, True, names) if len(found) > 1 else Match(found.pop())
        near = process.extract(
            strip_marks(split_kind(typed)[1]),
            {name: strip_marks(split_kind(name)[1]) for name in self.names.values()},
            scorer=fuzz.ratio,
            limit=3,
            score_cutoff=70,
        )
        return Match(None, False, tuple(name for _, _, name in near))

    def _match_joined(self, typed):
        """Codes of the units of that name where one of the two is written without blanks: "ĐứcThọ", "Xã EaBar"."""
        kind, bare = split_kind(typed)
        found = self._joined.get((kind and kind.casefold(), fold(_join(bare))), set())
        found = found | self._joined.get((None, fold(_join(typed))), set())
        return {code for code in found if " " not in bare or " " not in split_kind(self.names[code])[1]}
