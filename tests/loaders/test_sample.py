import datetime
import math
import unicodedata

import geopandas
import pandas
import pandas.testing
import pytest
import shapely

from loaders import sample

FIRST_DAY, WINDOW_START, LAST_DAY = datetime.date(2021, 10, 15), datetime.date(2021, 11, 26), datetime.date(2021, 12, 8)
NAMED = {
    "Quang Vĩnh",
    "Tùng Châu",
    "Trường Sơn",
    "Yên Hồ",
    "Bùi La Nhân",
    "Thanh Bình Thịnh",
    "Đức Đồng",
    "Đức Lạng",
    "Tân Hương",
}
KINDS = {
    "A": {"Trụ sở làm việc"},
    "C": {
        "Trường học",
        "Bệnh viện, cơ sở y tế",
        "Cơ sở sản xuất, kinh doanh",
        "Quán ăn uống phục vụ tại chỗ",
        "Cửa hàng thiết yếu",
        "Quán cà phê",
        "Cơ sở tôn giáo",
        "Chợ dân sinh",
        "Cơ sở làm đẹp",
        "Siêu thị, trung tâm thương mại",
        "Karaoke",
        "Bến xe, nhà ga",
    },
}
FRAMES = (sample.sample_boundaries, sample.sample_register, sample.sample_venues, sample.sample_scans)


@pytest.fixture(scope="module")
def boundaries():
    return sample.sample_boundaries()


@pytest.fixture(scope="module")
def centres():
    return pandas.read_csv(sample.FOLDER / "ha_tinh_commune_centres.csv", dtype={"commune_code": str})


@pytest.fixture(scope="module")
def register():
    return sample.sample_register()


@pytest.fixture(scope="module")
def venues():
    return sample.sample_venues()


@pytest.fixture(scope="module")
def scans():
    return sample.sample_scans()


@pytest.fixture(scope="module")
def communes(boundaries, register, venues, scans):
    """Counts of each commune in the window, worked out from the four frames alone."""
    active = venues["venue_code"].isin(scans.loc[scans["day"] >= WINDOW_START, "venue_code"])
    per_venue = venues.assign(active=active).groupby("commune_code")
    table = boundaries.set_index("commune_code")[["commune_name", "district_code"]]
    table["obliged"] = register.groupby("commune_code")["obliged"].sum()
    table["created"], table["active"] = per_venue.size(), per_venue["active"].sum()
    table["ever"] = venues[venues["venue_code"].isin(scans["venue_code"])].groupby("commune_code").size()
    table["ever"] = table["ever"].fillna(0)
    return table.assign(creation=table["created"] / table["obliged"], activity=table["active"] / table["created"])


def lagging(counts, denominators):
    """Names behind the rate of all together: exact lower tail, adjusted by Benjamini and Hochberg, at most 5 %."""
    rate = sum(counts.values()) / sum(denominators.values())
    judged = [name for name in counts if denominators[name] >= 10]
    tail = {
        name: sum(
            math.comb(denominators[name], k) * rate**k * (1 - rate) ** (denominators[name] - k)
            for k in range(counts[name] + 1)
        )
        for name in judged
    }
    adjusted, least = {}, 1.0
    for rank, name in sorted(enumerate(sorted(judged, key=tail.get), start=1), reverse=True):
        least = min(least, tail[name] * len(judged) / rank)
        adjusted[name] = least
    return {name for name in judged if adjusted[name] <= 0.05}


def test_lagging_of_a_case_checked_by_hand():
    assert lagging({"a": 0, "b": 10, "c": 0}, {"a": 10, "b": 10, "c": 9}) == {"a"}


def test_same_frames_on_each_run():
    kept = [frame() for frame in FRAMES]
    sample._sample.cache_clear()
    again = [frame() for frame in FRAMES]
    for one, other in zip(kept, again):
        pandas.testing.assert_frame_equal(pandas.DataFrame(one), pandas.DataFrame(other))


def test_a_changed_frame_does_not_change_the_next():
    for frame in FRAMES:
        taken = frame()
        taken.iloc[:, 0] = "spoilt"
        assert not frame().iloc[:, 0].eq("spoilt").any()


def test_figures_stay(register, venues, scans):
    assert (len(venues), len(scans), int(register["obliged"].sum())) == (16_202, 26_339, 24_508)
    assert (int(scans["scans"].sum()), int(scans["people"].sum()), int(venues["lon"].notna().sum())) == (
        526_717,
        405_094,
        6_485,
    )
    assert 14_000 <= len(venues) <= 17_000 and 18_000 <= len(scans) <= 30_000


def test_units_are_those_of_2021(boundaries):
    assert list(boundaries.columns) == [
        "commune_code",
        "commune_name",
        "district_code",
        "district_name",
        "province_code",
        "province_name",
        "geometry",
    ]
    assert (
        len(boundaries) == boundaries["commune_code"].nunique() == 216 and boundaries["district_code"].nunique() == 13
    )
    assert set(boundaries["province_code"]) == {"42"} and set(boundaries["province_name"]) == {"Tỉnh Hà Tĩnh"}
    names = boundaries.set_index("commune_code")
    assert tuple(names.loc["18235", ["commune_name", "district_code", "district_name"]]) == (
        "Xã Quang Vĩnh",
        "440",
        "Huyện Đức Thọ",
    )
    assert names.loc["18229", "commune_name"] == "Thị trấn Đức Thọ"
    assert boundaries["commune_name"].str.match("Xã |Phường |Thị trấn ").all()


def test_cells_are_a_clean_coverage_of_one_piece_each(boundaries):
    assert boundaries.crs.to_epsg() == 4326
    cells = boundaries.geometry.to_numpy()
    assert shapely.coverage_is_valid(cells) and shapely.is_valid(cells).all()
    assert set(boundaries.geom_type) == {"Polygon"}
    province = shapely.coverage_union_all(cells)
    assert province.geom_type == "Polygon" and not len(province.interiors)


def test_each_cell_holds_its_centre_and_no_other(boundaries, centres):
    points = shapely.points(centres["lon"], centres["lat"])
    point, cell = shapely.STRtree(boundaries.geometry.to_numpy()).query(points, predicate="within")
    assert len(point) == 216
    assert list(centres["commune_code"].to_numpy()[point]) == list(boundaries["commune_code"].to_numpy()[cell])


def test_areas_come_near_to_the_known_ones(boundaries, centres):
    area_km2 = boundaries.set_index("commune_code").to_crs(32648).area / 1e6
    known_km2 = centres.set_index("commune_code")["area_km2"]
    assert area_km2.min() > 0.5 and area_km2.sum() == pytest.approx(known_km2.sum(), rel=0.01)
    # Cells of the centres alone: 0.22.
    assert (area_km2 / known_km2 - 1).abs().median() < 0.2


def test_each_centre_lies_well_inside_the_province(boundaries, centres):
    outline = shapely.coverage_union_all(boundaries.to_crs(32648).geometry.to_numpy())
    points = geopandas.points_from_xy(centres["lon"], centres["lat"], crs=4326).to_crs(32648)
    assert shapely.contains(outline, points).all() and shapely.distance(outline.exterior, points).min() > 500


def test_districts_hang_together(boundaries):
    pieces = boundaries.dissolve("district_code").geometry.count_geometries()
    # Thạch Hà lies on both sides of the province's town.
    assert pieces.drop("445").eq(1).all() and pieces["445"] == 2


def test_register_has_two_rows_a_commune(boundaries, register):
    assert list(register.columns) == ["commune_code", "obligation_group", "obliged"]
    groups = register.groupby("commune_code")["obligation_group"].agg("".join)
    assert set(groups.index) == set(boundaries["commune_code"]) and set(groups) == {"AC"}
    assert register["obliged"].dtype == int and register["obliged"].min() >= 1


def test_kinds_are_those_of_the_letters(venues):
    assert {kind: group for kind, (group, _, _) in sample.KINDS.items()} == {
        kind: g for g in KINDS for kind in KINDS[g]
    }
    assert set(venues["kind"]) == KINDS["A"] | KINDS["C"]


def test_no_group_has_more_venues_than_its_register(register, venues):
    group = venues["kind"].map({kind: group for group in KINDS for kind in KINDS[group]})
    created = venues.groupby(["commune_code", group]).size()
    obliged = register.set_index(["commune_code", "obligation_group"])["obliged"]
    created = created.reindex(obliged.index, fill_value=0)
    assert (created <= obliged).all() and (created / obliged).between(0.20, 0.98).all()
    rate = created.groupby(level=1).sum() / obliged.groupby(level=1).sum()
    # Agencies were due a day before premises.
    assert 0.5 < rate["C"] < rate["A"] < 0.8


def test_venue_rows_are_well_formed(boundaries, venues):
    assert list(venues.columns) == ["venue_code", "name", "kind", "commune_code", "address", "lon", "lat", "created_on"]
    assert venues["venue_code"].is_unique and venues["venue_code"].str.fullmatch(r"MAU-\d{6}").all()
    assert set(venues["commune_code"]) == set(boundaries["commune_code"])
    assert venues["created_on"].map(type).eq(datetime.date).all()
    assert (venues["created_on"].min(), venues["created_on"].max()) == (FIRST_DAY, LAST_DAY)
    assert venues[["name", "kind", "address"]].notna().all(axis=None)
    assert 0.3 < venues["address"].eq("").mean() < 0.5


def test_names_are_plain_vietnamese_of_places_and_flowers(venues):
    text = "".join(venues["name"]) + "".join(venues["address"])
    assert text == unicodedata.normalize("NFC", text)
    starts = {kind: start for kind, (_, _, start) in sample.KINDS.items()}
    pattern = "(?:" + "|".join(sample.NAMES) + r") \d{1,3}"
    rest = [name.removeprefix(starts[kind] + " ") for name, kind in zip(venues["name"], venues["kind"])]
    assert pandas.Series(rest).str.fullmatch(pattern).all()


def test_two_venues_in_five_have_a_point_inside_their_commune(boundaries, venues):
    located = venues[venues["lon"].notna()]
    assert venues["lon"].isna().equals(venues["lat"].isna())
    assert 0.37 < len(located) / len(venues) < 0.43
    cells = boundaries.set_index("commune_code").geometry.loc[located["commune_code"]].to_numpy()
    assert shapely.contains_xy(cells, located["lon"].to_numpy(), located["lat"].to_numpy()).all()


def test_scan_rows_are_well_formed(venues, scans):
    assert list(scans.columns) == ["venue_code", "day", "scans", "people"]
    assert not scans.duplicated(["venue_code", "day"]).any()
    assert (
        scans["day"].map(type).eq(datetime.date).all()
        and scans["day"].min() >= FIRST_DAY
        and scans["day"].max() == LAST_DAY
    )
    assert scans["scans"].dtype == scans["people"].dtype == int
    assert (scans["scans"] >= scans["people"]).all() and (scans["people"] >= 1).all()
    created_on = scans["venue_code"].map(venues.set_index("venue_code")["created_on"])
    assert created_on.notna().all() and (scans["day"] >= created_on).all()


def test_the_letter_of_duc_tho_holds(boundaries, venues, scans):
    communes = boundaries.loc[boundaries["district_code"] == "440", "commune_code"]
    new = venues[venues["commune_code"].isin(communes) & (venues["created_on"] >= WINDOW_START)]
    assert len(communes) == 16 and len(new) == 1904
    assert new["venue_code"].isin(scans.loc[scans["day"] >= WINDOW_START, "venue_code"]).sum() == 570


@pytest.mark.parametrize("count, denominator", [("created", "obliged"), ("active", "created")])
def test_the_nine_named_communes_lag_and_no_other(communes, count, denominator):
    table = communes[communes["district_code"] == "440"].set_index("commune_name")
    behind = lagging(table[count].to_dict(), table[denominator].to_dict())
    assert behind == {"Xã " + name for name in NAMED}


def test_rates_are_plausible(communes):
    assert communes["creation"].between(0.20, 0.98).all()
    assert communes.loc[communes["active"] > 0, "activity"].between(0.05, 0.75).all()
    assert set(communes.nlargest(2, "creation")["commune_name"]) == {"Phường Bắc Hà", "Thị trấn Nghèn"}
    assert communes["creation"].max() > 0.96


def test_towns_are_ahead_and_the_mountains_behind(communes):
    place = communes["district_code"].isin(["439", "441", "444"]).map({True: "mountain", False: "lowland"})
    place = place.where(communes["commune_name"].str.startswith("Xã"), "town")
    sums = communes.groupby(place)[["obliged", "created", "active"]].sum()
    for rate in (sums["created"] / sums["obliged"], sums["active"] / sums["created"]):
        assert rate["mountain"] + 0.1 < rate["lowland"] < rate["town"] - 0.1


def test_a_few_communes_have_no_scan_and_a_few_are_too_small_to_judge(communes):
    assert communes["ever"].eq(0).sum() == communes["active"].eq(0).sum() == 5
    assert communes["created"].lt(10).sum() == 4 and communes["obliged"].lt(10).sum() == 4


@pytest.mark.parametrize("rate", ["creation", "activity"])
def test_neighbours_resemble_each_other(boundaries, communes, rate):
    """Moran's I: 0 where rates are scattered at random, towards 1 where neighbours are alike."""
    one, other = shapely.STRtree(boundaries.geometry.to_numpy()).query(
        boundaries.geometry.to_numpy(), predicate="touches"
    )
    deviation = communes[rate].loc[boundaries["commune_code"]].to_numpy() - communes[rate].mean()
    moran = (deviation[one] * deviation[other]).mean() / (deviation**2).mean()
    assert moran > 0.4


def test_scans_rise_over_the_weeks_and_rest_on_sundays(scans):
    day = pandas.to_datetime(scans["day"])
    weekly = scans.groupby((day - pandas.Timestamp(FIRST_DAY)).dt.days // 7)["scans"].sum()
    assert weekly.iloc[:7].is_monotonic_increasing
    daily = scans.groupby("day")["scans"].sum()
    for sunday in pandas.date_range("2021-11-07", "2021-12-05", freq="7D").date:
        assert daily[sunday] < 0.8 * daily[sunday - datetime.timedelta(days=2)]
