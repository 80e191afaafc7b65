"""The sample province's traced cases: invented visits at its venues, and the hours of the scans on the days of these visits."""

from functools import cache

import numpy
import pandas

from loaders.sample import LAST_DAY, SEED, WINDOW_START, sample_scans, sample_venues

CASES = {"F0": 44, "F1": 76}
VISITS = (3, 7)  # of a case, from and below
HOTSPOTS = (5, 4, 3, 3, 2, 2, 2)  # how many cases come to each in the last seven days
CLUSTER = 4  # venues with a point, next to each other, that one case each comes to
PLACES = ("Đám cưới tại nhà văn hóa thôn", "Đám giỗ trong thôn", "Chợ tạm ven đường", "Bến đò", "Sân bóng của thôn")
CROWDED = ("Chợ dân sinh", "Bệnh viện, cơ sở y tế", "Karaoke", "Quán ăn uống phục vụ tại chỗ", "Trường học")
OPEN = numpy.arange(7, 21)  # hours of the day


def sample_visits():
    """Invented visits, one row each: case_code, case_class, venue_code or commune_code and place, arrived_at, left_at ("" not told), source."""
    return _sample()[0].copy()


def sample_hours():
    """The scans of sample_scans by the hour, on the days of these visits at their venues: venue_code, day, hour, scans."""
    return _sample()[1].copy()


@cache
def _sample():
    rng = numpy.random.default_rng(SEED + 1)
    venues, scans = sample_venues(), sample_scans()
    visits = pandas.concat([_draw_usual(rng, venues, scans), *_draw_hotspots(rng, venues, scans)], ignore_index=True)
    arrived = visits["day"].to_numpy("datetime64[D]") + rng.integers(7 * 60, 20 * 60, len(visits)).astype(
        "timedelta64[m]"
    )
    stayed = rng.integers(10, 120, len(visits)).astype("timedelta64[m]")
    visits = visits.assign(
        case_class=visits["case_code"].str[4:6],
        arrived_at=_as_text(arrived),
        left_at=numpy.where(rng.random(len(visits)) < 0.8, _as_text(arrived + stayed), ""),
        source=numpy.where(rng.random(len(visits)) < 0.96, "declared", "scanned"),
    )
    hours = _draw_hours(rng, visits, scans)
    columns = ["case_code", "case_class", "venue_code", "commune_code", "place", "arrived_at", "left_at", "source"]
    return visits.drop_duplicates(["case_code", "arrived_at"])[columns].fillna(""), hours


def _codes(case_class):
    return [f"MAU-{case_class}-{number:02d}" for number in range(1, CASES[case_class] + 1)]


def _draw_usual(rng, venues, scans):
    """The visits of every case, all over the province; more of them where there are scans, some at no venue."""
    codes = [code for case_class in CASES for code in _codes(case_class)]
    case = numpy.repeat(codes, rng.integers(*VISITS, len(codes)))
    weight = 1 + 2 * venues["venue_code"].isin(scans["venue_code"]).to_numpy()
    at = rng.choice(len(venues), len(case), p=weight / weight.sum())
    nowhere = rng.random(len(case)) < 0.1
    # Few are told of days before the venue had its QR code
    created = venues["created_on"].to_numpy().astype("datetime64[D]")[at]
    first = numpy.where(rng.random(len(case)) < 0.85, numpy.maximum(created, WINDOW_START), WINDOW_START)
    days = first + (rng.random(len(case)) * ((LAST_DAY - first).astype(int) + 1)).astype(int)
    return pandas.DataFrame({
        "case_code": case, "venue_code": numpy.where(nowhere, "", venues["venue_code"].to_numpy()[at]),
        "commune_code": numpy.where(nowhere, venues["commune_code"].to_numpy()[at], ""),
        "place": numpy.where(nowhere, rng.choice(PLACES, len(case)), ""), "day": days.astype(object),
    })  # fmt: skip


def _draw_hotspots(rng, venues, scans):
    """Visits of several F0 cases to one venue each, and of one each to venues that lie close together, in the last seven days."""
    late = scans[scans["day"] > (LAST_DAY - 7).astype(object)].groupby("venue_code")["day"].agg(list)
    crowded = venues[venues["kind"].isin(CROWDED) & venues["venue_code"].isin(late[late.str.len() >= 2].index)]
    spots = rng.choice(crowded["venue_code"], len(HOTSPOTS), replace=False)
    located = venues[venues["lon"].notna()]
    # Of squares of some 300 m the one with the most venues
    squares = located.groupby([located["lon"] // 0.003, located["lat"] // 0.003])["venue_code"].agg(list)
    near = squares.iloc[squares.str.len().argmax()][:CLUSTER]
    anyday = list(numpy.arange(LAST_DAY - 6, LAST_DAY + 1).astype(object))
    for code, number in [*zip(spots, HOTSPOTS, strict=True), *((code, 1) for code in near)]:
        yield pandas.DataFrame({
            "case_code": rng.choice(_codes("F0"), number, replace=False), "venue_code": code, "commune_code": "", "place": "",
            "day": rng.choice(late.get(code, anyday), number),
        })  # fmt: skip


def _draw_hours(rng, visits, scans):
    """Each visited day's scans, dealt over its hours."""
    touched = visits[["venue_code", "day"]].drop_duplicates().merge(scans, on=["venue_code", "day"])
    weights = rng.dirichlet(numpy.full(len(OPEN), 0.5), len(touched))
    dealt = numpy.array(
        [rng.multinomial(scans, weight) for scans, weight in zip(touched["scans"], weights, strict=True)]
    )
    row, hour = dealt.reshape(len(touched), len(OPEN)).nonzero()
    chosen = touched.iloc[row]
    return pandas.DataFrame({
        "venue_code": chosen["venue_code"].to_numpy(), "day": chosen["day"].to_numpy(), "hour": OPEN[hour], "scans": dealt[row, hour],
    })  # fmt: skip


def _as_text(moments):
    return numpy.char.replace(numpy.datetime_as_string(moments, "m"), "T", " ")
