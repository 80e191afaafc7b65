"""Counts carried from vintage to vintage, and what is said to have changed between two."""

from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import db
from geo.accounts import operator_scope
from geo.crosswalk import carry_counts, count_communes, diff_units, list_predecessors, read_changes, same_name
from geo.errors import BoundaryError
from geo.units import find_vintage, list_vintages

# Squares, a tenth of a degree wide: code, name, district, place, width.
# 2019 -> 2021: Đức Vĩnh and Đức Quang into Quang Vĩnh, which takes Đức Vĩnh's code; Tân Hương divided between Trường Sơn and a
# Tân Hương of another code; Hòa Lạc moved to another district; Yên Hồ renamed; Lâm under another code; of Mất nothing is known.
# 2021 -> 2025: Quang Vĩnh and Trường Sơn into Đức Quang.
UNITS = {
    "2019-01-01": [
        ("18232", "Xã Đức Quang", "440", 0, 1), ("18235", "Xã Đức Vĩnh", "440", 1, 1), ("18244", "Xã Trường Sơn", "440", 2, 1),
        ("18301", "Xã Tân Hương", "440", 3, 1), ("18280", "Hòa Lạc", "440", 4, 1), ("18256", "Xã Yên Hồ", "440", 5, 1),
        ("18290", "Xã Lâm", "440", 6, 1), ("18299", "Xã Mất", "440", 9, 1),
    ],
    "2021-11-01": [
        ("18235", "Xã Quang Vĩnh", "440", 0, 2), ("18244", "Xã Trường Sơn", "440", 2, 1.25), ("18302", "Xã Tân Hương", "440", 3.25, 0.75),
        ("18280", "Xã Hòa Lạc", "449", 4, 1), ("18256", "Thị trấn Yên Hồ", "440", 5, 1), ("18291", "Xã Lâm", "440", 6, 1),
        ("18310", "Xã Mới", "440", 20, 1),
    ],
    "2025-07-01": [("18235", "Xã Đức Quang", None, 0, 3.25), ("18302", "Xã Tân Hương", None, 3.25, 0.75)],
}  # fmt: skip
CHANGES = {
    ("2019-01-01", "2021-11-01"): [
        ("18232", "18235", 1, False), ("18235", "18235", 1, False), ("18301", "18244", 0.3, True), ("18301", "18302", 0.7, True),
        ("18256", "18256", 1, False),
    ],
    ("2021-11-01", "2025-07-01"): [("18235", "18235", 1, False), ("18244", "18235", 1, False)],
}  # fmt: skip
PARENTS = [("42", 1, "Tỉnh Hà Tĩnh", None), ("440", 2, "Huyện Đức Thọ", "42"), ("449", 2, "Thị xã Kỳ Anh", "42")]
ADD = sa.text("""
    INSERT INTO admin_unit (vintage, code, level, name, parent_code, geom, geom_10m, geom_50m, geom_500m, area_km2, load_run)
    SELECT v.id, :code, :level, :name, :parent, g, g, g, g, 1, r.id
    FROM boundary_vintage v, load_run r, LATERAL (
        SELECT ST_Multi(ST_MakeEnvelope(105 + :place / 10.0, 18, 105 + (:place + :width) / 10.0, 18.1, 4326)) AS g
    ) AS drawn WHERE v.valid_from = :day
""")
CHANGE = sa.text("""
    INSERT INTO unit_change (from_vintage, from_code, to_vintage, to_code, share, estimated, decree, load_run)
    SELECT f.id, :start, t.id, :end, :share, :estimated, '819/NQ-UBTVQH14', r.id
    FROM boundary_vintage f, boundary_vintage t, load_run r WHERE f.valid_from = :old AND t.valid_from = :new
""")


@pytest.fixture(scope="module")
def vintages(database):
    """day -> Vintage of the three, with their units and the changes between them."""
    with db.engine().begin() as connection:
        connection.execute(
            sa.text("INSERT INTO load_run (kind, file_name, sha256, loaded_by) VALUES ('boundaries', 'a', 'b', 'c')")
        )
        for day, units in UNITS.items():
            connection.execute(
                sa.text("INSERT INTO boundary_vintage (valid_from, source, sha256) VALUES (:day, 'a', 'b')"),
                {"day": day},
            )
            for code, level, name, parent in PARENTS[: 3 if units[0][2] else 1]:
                connection.execute(
                    ADD,
                    {"day": day, "code": code, "level": level, "name": name, "parent": parent, "place": 0, "width": 9},
                )
            for code, name, district, place, width in units:
                told = {
                    "day": day,
                    "code": code,
                    "level": 3,
                    "name": name,
                    "parent": district or "42",
                    "place": place,
                    "width": width,
                }
                connection.execute(ADD, told)
        for (old, new), changes in CHANGES.items():
            for start, end, share, estimated in changes:
                connection.execute(
                    CHANGE, {"old": old, "new": new, "start": start, "end": end, "share": share, "estimated": estimated}
                )
    with db.reading(operator_scope()) as connection:
        return {vintage.valid_from.isoformat(): vintage for vintage in list_vintages(connection)}


@pytest.fixture
def changes(vintages):
    """A function of two days that gives the changes between them."""

    def read(old, new):
        with db.reading(operator_scope()) as connection:
            return read_changes(connection, vintages[old], vintages[new])

    return read


def counts(**numbers):
    return pd.DataFrame({"venues": numbers}).rename(index=lambda code: code.lstrip("c"))


def test_counts_move_with_their_shares_and_estimates_are_marked(changes):
    carried = carry_counts(
        counts(c18232=5, c18235=7, c18244=1, c18301=3, c18280=4), changes("2019-01-01", "2021-11-01")
    )
    assert carried.to_dict("index") == {
        "18235": {"venues": 12, "estimated": False}, "18244": {"venues": 2, "estimated": True},
        "18302": {"venues": 2, "estimated": True}, "18280": {"venues": 4, "estimated": False},
    }  # fmt: skip


def test_counts_go_over_the_vintage_between(changes):
    chained = changes("2019-01-01", "2025-07-01")
    assert dict(zip(chained["from_code"], chained["decree"]))["18232"] == "819/NQ-UBTVQH14"
    carried = carry_counts(counts(c18232=5, c18244=1, c18301=10), chained)
    assert carried.to_dict("index") == {
        "18235": {"venues": 9, "estimated": True},
        "18302": {"venues": 7, "estimated": True},
    }


def test_a_unit_of_which_nothing_is_known_stops_the_carrying_and_is_named(changes):
    with pytest.raises(
        BoundaryError, match="it is not known what became of 18299 Xã Mất; load what changed: phuqr load unit-changes"
    ):
        carry_counts(counts(c18299=1), changes("2019-01-01", "2021-11-01"))
    # the same name under another code, and the same code with another name, are not told to be one
    for code in ("18290",):
        with pytest.raises(BoundaryError, match=code):
            carry_counts(counts(**{f"c{code}": 0}), changes("2019-01-01", "2021-11-01"))
    with pytest.raises(BoundaryError, match="99999"):
        carry_counts(counts(c99999=1), changes("2019-01-01", "2021-11-01"))


def test_a_part_of_a_unit_that_is_lost_on_the_way_loses_the_whole(changes):
    chained = changes("2019-01-01", "2025-07-01")
    # Hòa Lạc is in 2021 and in no unit of 2025
    assert chained.set_index("from_code").loc["18280", "to_code"] is None or pd.isna(
        chained.set_index("from_code").loc["18280", "to_code"]
    )


def test_backwards_is_refused(vintages, changes):
    with pytest.raises(BoundaryError, match="carried forward only; 2019-01-01 is not after 2021-11-01"):
        changes("2021-11-01", "2019-01-01")


def test_what_changed_is_told_by_kind(vintages):
    with db.reading(operator_scope()) as connection:
        found = diff_units(connection, vintages["2019-01-01"], vintages["2021-11-01"])
    told = {change: set(zip(of["from_code"], of["to_code"])) for change, of in found.groupby("change")}
    assert told == {
        "merged": {("18232", "18235"), ("18235", "18235"), ("18301", "18244")} | {("18244", "18244")},
        "split": {("18301", "18244"), ("18301", "18302")},
        "renamed": {("18256", "18256")},
        "recoded": {("18290", "18291")},
        "reused_code": {("18235", "18235")},
        "moved": {("18280", "18280")},
        "unknown": {("18299", None)},
        "new": {(None, "18310")},
    }
    # proposed from the polygons
    assert found.set_index("change").loc["recoded", ["share", "estimated"]].tolist() == [1.0, True]
    assert found.set_index("change").loc["reused_code", ["from_name", "reused_by"]].tolist() == [
        "Xã Đức Vĩnh",
        "Xã Quang Vĩnh",
    ]


def test_communes_are_counted_in_the_provinces_that_both_vintages_hold(vintages):
    with db.reading(operator_scope()) as connection:
        found = count_communes(connection, vintages["2019-01-01"], vintages["2025-07-01"])
    assert found.values.tolist() == [["42", "Tỉnh Hà Tĩnh", 8, 2]]


def test_a_vintage_is_found_by_its_first_day_only(vintages):
    with db.reading(operator_scope()) as connection:
        assert find_vintage(connection, date(2021, 11, 1)) == vintages["2021-11-01"]
        with pytest.raises(BoundaryError, match="begin on 2021-11-02; loaded are: 2019-01-01, 2021-11-01, 2025-07-01"):
            find_vintage(connection, date(2021, 11, 2))


def test_no_unit_is_said_to_have_moved_where_districts_are_no_more(vintages):
    with db.reading(operator_scope()) as connection:
        found = diff_units(connection, vintages["2021-11-01"], vintages["2025-07-01"])
    assert "moved" not in set(found["change"])


def test_older_names_lead_to_what_they_became(vintages):
    with db.reading(operator_scope()) as connection:
        found = list_predecessors(connection, vintages["2025-07-01"])
    rows = set(
        found[["valid_from", "old_code", "old_name", "old_district", "old_province", "code"]].itertuples(
            index=False, name=None
        )
    )
    assert rows == {
        (date(2021, 11, 1), "18235", "Xã Quang Vĩnh", "Huyện Đức Thọ", "Tỉnh Hà Tĩnh", "18235"),
        (date(2021, 11, 1), "18244", "Xã Trường Sơn", "Huyện Đức Thọ", "Tỉnh Hà Tĩnh", "18235"),
        (date(2019, 1, 1), "18235", "Xã Đức Vĩnh", "Huyện Đức Thọ", "Tỉnh Hà Tĩnh", "18235"),
        (date(2019, 1, 1), "18232", "Xã Đức Quang", "Huyện Đức Thọ", "Tỉnh Hà Tĩnh", "18235"),
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Xã An Phú", "An Phú", True),
        ("Xã An Phú", "Thị trấn An Phú", False),
        ("Hoà Vinh", "Phường Hòa Vinh", True),
        ("Xã Ealy", "Xã Ea Ly", True),
        ("ĐứcThọ", "Thị trấn Đức Thọ", True),
        ("A", "B", False),
    ],
)
def test_a_name_without_its_kind_is_the_same_name(one, other, same):
    assert same_name(one, other) == same_name(other, one) == same


@st.composite
def crosswalks(draw):
    """Counts of some units, and shares of each of them in up to five others, which add up to 1."""
    units = draw(st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True))
    rows = []
    for unit in units:
        targets = draw(st.lists(st.integers(0, 6), min_size=1, max_size=5, unique=True))
        weights = draw(st.lists(st.integers(1, 1000), min_size=len(targets), max_size=len(targets)))
        rows += [
            (f"{unit}", "Xã", f"t{t}", w / sum(weights), draw(st.booleans()), None) for t, w in zip(targets, weights)
        ]
    frame = pd.DataFrame(rows, columns=["from_code", "from_name", "to_code", "share", "estimated", "decree"])
    numbers = draw(
        st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 3)), min_size=len(units), max_size=len(units))
    )
    return pd.DataFrame(numbers, columns=["scans", "venues"], index=[f"{unit}" for unit in units]), frame


@settings(max_examples=200)
@given(crosswalks())
def test_every_sum_is_kept_and_nothing_falls_below_0(case):
    given_counts, changes = case
    carried = carry_counts(given_counts, changes)
    assert carried[["scans", "venues"]].sum().tolist() == given_counts.sum().tolist()
    assert (carried[["scans", "venues"]] >= 0).all(axis=None)
    exact = (
        changes.assign(n=changes["share"] * changes["from_code"].map(given_counts["venues"]))
        .groupby("to_code")["n"]
        .sum()
    )
    assert (carried["venues"] - exact).abs().max() < len(given_counts) + 1e-6
    assert carried["estimated"].to_dict() == changes.groupby("to_code")["estimated"].any().to_dict()


@settings(max_examples=50)
@given(st.dictionaries(st.text("0123456789", min_size=5, max_size=5), st.integers(0, 10**9), min_size=1, max_size=20))
def test_where_nothing_changed_counts_stay(numbers):
    given_counts = pd.DataFrame({"scans": numbers}).sort_index()
    changes = pd.DataFrame(
        {
            "from_code": list(numbers),
            "from_name": "Xã",
            "to_code": list(numbers),
            "share": 1.0,
            "estimated": False,
            "decree": None,
        }
    )
    carried = carry_counts(given_counts, changes)
    assert carried["scans"].to_dict() == numbers and not carried["estimated"].any()
