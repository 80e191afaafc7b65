"""Vietnamese written before Unicode: every letter of every character set, and which set a file is in."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.encodings import LEGACY, decode, find_words, is_syllable, recognise, recognise_utf16

from .tables import encode

SMALL = [
    unicodedata.normalize("NFC", base + tone)
    for base, tone in itertools.product("aăâeêioôơuưy", ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"])
]
SMALL = [letter for letter in SMALL if not letter.isascii()] + ["đ"]
LETTERS = SMALL + [letter.upper() for letter in SMALL]
PROSE = (
    "Thị trấn Đức Thọ, xã Quang Vĩnh, huyện Kỳ Anh, tỉnh Hà Tĩnh; cơ sở sản xuất, kinh doanh; ngày tạo; số người quét"
)


def test_vietnamese_has_134_letters_beyond_ascii():
    assert len(set(LETTERS)) == 134


@pytest.mark.parametrize("encoding", ["cp1258", "vni"])
def test_every_letter_comes_back_from_a_set_that_has_all(encoding):
    assert decode(encode("".join(LETTERS), encoding), encoding) == "".join(LETTERS)


def test_tcvn3_has_every_small_letter_and_the_capitals_without_a_tone():
    assert decode(encode("".join(SMALL), "tcvn3"), "tcvn3") == "".join(SMALL)
    capitals = "ĂÂÊÔƠƯĐ"
    assert decode(encode(capitals, "tcvn3"), "tcvn3") == capitals
    # the others are small letters in a font of capitals, .VnTimeH
    assert decode(encode("ĐỨC THỌ", "tcvn3"), "tcvn3") == "ĐứC THọ"


def test_tcvn3_is_the_published_table():
    seen = "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\xadõøö÷ùúýûüþ¡¢§£¤¥¦"
    text = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵĂÂĐÊÔƠƯ"
    assert decode(seen.encode("latin-1"), "tcvn3") == text


def test_vni_is_the_published_table():
    seen = (
        "aù aø aû aõ aï aâ aá aà aå aã aä aê aé aè aú aü aë eù eø eû eõ eï eâ eá eà eå eã eä "
        "où oø oû oõ oï oâ oá oà oå oã oä "
        "ô ôù ôø ôû ôõ ôï uù uø uû uõ uï ö öù öø öû öõ öï í ì æ ó ò yù yø yû yõ î ñ"
    )
    text = (
        "á à ả ã ạ â ấ ầ ẩ ẫ ậ ă ắ ằ ẳ ẵ ặ é è ẻ ẽ ẹ ê ế ề ể ễ ệ ó ò ỏ õ ọ ô ố ồ ổ ỗ ộ "
        "ơ ớ ờ ở ỡ ợ ú ù ủ ũ ụ ư ứ ừ ử ữ ự í ì ỉ ĩ ị ý ỳ ỷ ỹ ỵ đ"
    )
    assert decode(seen.encode("cp1252"), "vni") == text
    assert decode(seen.upper().encode("cp1252"), "vni") == text.upper()


@pytest.mark.parametrize(
    ("encoding", "seen", "text"),
    [  # what texts in these sets look like where they are taken for windows-1252, as published everywhere
        ("tcvn3", "hép møt tÕt", "hộp mứt tết"),
        ("tcvn3", "Céng hßa x· héi chñ nghÜa ViÖt Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        ("tcvn3", "§éc lËp - Tù do - H¹nh phóc", "Độc lập - Tự do - Hạnh phúc"),
        ("vni", "Xin chaøo caùc baïn", "Xin chào các bạn"),
        ("vni", "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam", "Cộng hòa xã hội chủ nghĩa Việt Nam"),
        ("vni", "Ñoäc laäp - Töï do - Haïnh phuùc", "Độc lập - Tự do - Hạnh phúc"),
        ("vni", "ÑÖÙC THOÏ, TRUØNG KHAÙNH", "ĐỨC THỌ, TRÙNG KHÁNH"),
    ],
)
def test_published_texts_are_read(encoding, seen, text):
    assert decode(seen.encode("cp1252"), encoding) == text


@pytest.mark.parametrize("encoding", LEGACY)
def test_a_set_is_told_by_what_is_vietnamese_under_it(encoding):
    assert recognise(find_words(encode(PROSE, encoding))) == encoding


@pytest.mark.parametrize("encoding", LEGACY)
@given(
    words=st.sets(st.sampled_from([word for word in PROSE.replace(",", "").split() if not word.isascii()]), min_size=1)
)
def test_a_set_is_never_taken_for_another(encoding, words):
    assert recognise(find_words(encode(" ".join(words), encoding))) in (encoding, None)


def test_windows_1258_writes_a_tone_after_its_letter():
    assert encode("Thị trấn", "cp1258") == b"Thi\xf2 tr\xe2\xecn"
    composed = decode(b"Thi\xf2 tr\xe2\xecn \xd0\xfd\xecc Tho\xf2", "cp1258")
    assert composed == unicodedata.normalize("NFC", "Thị trấn Đức Thọ")


def test_a_word_that_is_vietnamese_under_two_sets_tells_nothing():
    # "trấn" in TCVN3 has the bytes of "trên" in windows-1258
    assert recognise(find_words(encode("trấn", "tcvn3"))) is None
    for too_little in ("thị trấn", "thị Đức trấn lấn vấn"):
        assert recognise(find_words(encode(too_little, "tcvn3"))) is None
    assert recognise(find_words(encode("thị trấn Đức Thọ", "tcvn3"))) == "tcvn3"


def test_what_is_vietnamese_under_no_set_is_in_none():
    assert recognise(find_words("Müller, Straße, façade, señor".encode("cp1252"))) is None
    assert recognise(set()) is None


def test_utf8_with_a_byte_gone_astray_stays_utf8():
    assert recognise(find_words("Mã địa điểm".encode() + b" Ng\xe0y")) == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf16_is_known_with_its_mark_and_without(encoding, mark):
    assert recognise_utf16((mark + "Mã địa điểm;Ngày\r\nA;1\r\n").encode(encoding)) == encoding
    assert recognise_utf16("Mã địa điểm;Ngày\r\nA;1\r\n".encode()) is None
    assert recognise_utf16(b"venue_code,day\nA\0,1\n") is None


@pytest.mark.parametrize(
    "word", ["nghiêng", "giếng", "gì", "quyết", "khuỷu", "ngoằn", "xoong", "uống", "thuở", "hoà", "hòa", "yến", "Ỷ"]
)
def test_vietnamese_syllables_are_known(word):
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["cêp", "trt", "kà", "cế", "nghà", "MÃ£", "tấ́t", "tap", "hộpp", ""])
def test_other_words_are_no_syllables(word):
    assert not is_syllable(word)
