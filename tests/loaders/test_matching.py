"""Units of one list found in another: in other spellings, ranks and districts, and never guessed between two."""

import pandas as pd
import pytest

from loaders.matching import match_units, plain_district

UNITS = pd.DataFrame(
    [
        ("18229", "Thị trấn Đức Thọ", "Huyện Đức Thọ"), ("18235", "Xã Đức Vĩnh", "Huyện Đức Thọ"),
        ("18754", "Phường Sông Trí", "Thị xã Kỳ Anh"), ("18832", "Phường Kỳ Phương", "Thị xã Kỳ Anh"),
        ("18757", "Xã Kỳ Xuân", "Huyện Kỳ Anh"), ("18760", "Xã Kỳ Bắc", "Huyện Kỳ Anh"), ("18763", "Xã Kỳ Phú", "Huyện Kỳ Anh"),
    ],
    columns=["code", "name", "district"],
).assign(province="Tỉnh Hà Tĩnh", province_code="42")  # fmt: skip


def match(*places, **options):
    columns = ["commune", "district", "kind", "code", "province", "province_code"]
    rows = [(*place, *("", "", "Hà Tĩnh", "")[len(place) - 2 :]) for place in places]
    return match_units(pd.DataFrame(rows, columns=columns), UNITS, **options)[["code", "rule", "note"]].values.tolist()


@pytest.mark.parametrize(
    ("place", "code", "note"),
    [
        (("Thị trấn Đức Thọ", "Huyện Đức Thọ"), "18229", None),
        (("ĐứcThọ", "ĐứcThọ", "Thịtrấn"), "18229", None),
        (("KỳPhương", "KỳAnh(Thịxã)", "Phường"), "18832", None),
        (("Kỳ Xuân", "Kỳ Anh"), "18757", None),  # two districts of that name, one commune
        (("Xã Kỳ Phương", "Thị xã Kỳ Anh"), "18832", "other_kind"),
        (("Phường Kỳ Phương", "Huyện Kỳ Anh"), "18832", "other_district"),
        (("Xã Đức Vĩnh", "Huyện Đức Thọ", "", "99999"), "18235", "other_code"),
        (("", "", "", "18235"), "18235", None),
        (("Xã Đức Vình", "Huyện Đức Thọ", "", "18235"), "18235", "other_spelling"),
        (("Xã Đức Vĩnh", "", "", "", "Tỉnh Hà Tịnh cũ", "42"), "18235", None),  # a province by its code
    ],
)  # fmt: skip
def test_what_a_unit_is_called_elsewhere(place, code, note):
    assert match(place) == [[code, None, note]]


@pytest.mark.parametrize(
    ("place", "rule"),
    [
        (("Xã Đức Vình", "Huyện Đức Thọ"), "unknown_commune"), (("Xã Không", "Huyện Khác"), "unknown_district"),
        (("Xã Đức Vĩnh", "Huyện Đức Thọ", "", "", "Nghệ An"), "unknown_province"), (("", "", "", "99999"), "missing"),
        (("Xã Bất Kỳ", "Huyện Đức Thọ", "", "18235"), "unknown_commune"),
    ],
)  # fmt: skip
def test_what_is_none_of_them_is_refused(place, rule):
    assert match(place) == [[None, rule, None]]


def test_one_place_and_one_unit_left_of_a_district_are_taken_for_each_other():
    places = [
        ("Xã Kỳ Xuân", "Huyện Kỳ Anh"), ("Xã Kỳ Bắc", "Huyện Kỳ Anh"), ("Xã Kỳ Phú", "Huyện Kỳ Anh"),
        ("Xã Kỳ Phương", "Huyện Kỳ Anh"), ("Thị trấn Kỳ Anh", "Huyện Kỳ Anh"),
    ]  # fmt: skip
    found = match(*places, one_to_one=True)
    assert found[3:] == [["18832", None, "other_district"], ["18754", None, "by_exclusion"]]
    assert match(*places)[4] == [None, "unknown_commune", None]
    assert match(*places[1:], one_to_one=True)[3] == [None, "unknown_commune", None]  # two are left


def test_a_looser_reading_does_not_take_what_a_stricter_one_took():
    both = match(("Xã Kỳ Phương", "Thị xã Kỳ Anh"), ("Phường Kỳ Phương", "Thị xã Kỳ Anh"), one_to_one=True)
    assert [row[0] for row in both][1] == "18832" and both[0][0] != "18832"


def test_the_kind_of_a_district_behind_its_name():
    assert [plain_district(name) for name in ("KỳAnh(Thịxã)", "Cao Lãnh (Thành phố)", "Vân Canh (cũ)", "Huyện A")] == [
        "Thị xã KỳAnh", "Thành phố Cao Lãnh", "Vân Canh (cũ)", "Huyện A",
    ]  # fmt: skip
