"""Hotspots (I12): venues where several F0 cases were within days, how grave each is, and where exposed venues lie close together.

All of it in a transaction of geo.audit.reading_cases. The place of a hotspot is where cases were, not where they live.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import sqlalchemy as sa

from geo.coverage import Window
from geo.db import statement
from geo.lagging import read_verdicts
from geo.schema import load_run
from geo.tracing import find_place
from geo.tracing_rules import first_day, read_rule
from geo.units import Unit, Vintage, read_bounds

DEFINITIONS = {
    "cases": "I12: distinct F0 cases at the venue in the days that its kind asks for, up to the window's end",
    "visits": "their visits in these days",
    "exposed": "scans in the hours that some of these visits were in; null where no hours are known",
    "exposed_whole": "false: on some of the days the hours are not known, so that there may be more",
    "meetings": "pairs of these cases that were there at one time",
    "grade": "1 to 3, by how many hold: many cases, many exposed, recent, a kind of venue where people are close (see phuqr rules list)",
    "state": "proposed, confirmed or closed by a reviewer; closed and told of anew since is proposed again, and reopened",
    "activity_rate": "I4 of the venue's commune",
    "activity": "the commune's verdict on it beside its district: ok, watch, lagging or too few (see phuqr lagging)",
    "scans_little": "that verdict is lagging or watch: these come first, lagging before watch",
    "located": "false: the venue has no point of its own, lon and lat are one in its commune",
}
_MEMORY = sa.text("SET LOCAL work_mem = '64MB'")  # for the venues of some hundred thousand visits at once
BEHIND = ("lagging", "watch")  # verdicts on a commune's activity that bring its hotspots to the top of the list
LISTED = 500  # of the hotspots found, those that a page grades and shows
GRADES = {0: 1, 1: 1, 2: 2, 3: 3, 4: 3}  # points -> grade
MEETING = 108  # degrees east, where the two zones of the UTM grid over Vietnam meet
SRIDS = 3405, 3406  # VN-2000 / UTM zone 48N, west of it, and 49N


@dataclass(frozen=True)
class Hotspots:
    """The hotspots of a unit at the end of a window.

    found: every one: what find_hotspots.sql gives, names of commune and district, state, reason, decided_at and account of the last
    review, reopened, shown (the state as it is now: reopened ones are proposed); and what rank adds where there is a coverage.
    rows: of these the first `most` of the list, also with meetings, exposed, exposed_whole, points, grade, and lon and lat of a point in
    the commune where the venue has none (located: it has). first: the first local day of the longest days that count. metres: within
    which exposed venues make a cluster. verdicts: on the activity of each commune of the coverage, by code; empty where there is none.
    """

    unit: Unit
    window: Window
    vintage: Vintage
    found: pd.DataFrame
    rows: pd.DataFrame
    first: date
    metres: int
    verdicts: dict[str, str]


def read_hotspots(connection, unit_code, window, known=None, coverage=None, most=None):
    """The Hotspots of a unit over the days that end with the window; as told until run `known`, where that is given.

    coverage: of the unit by commune (geo.coverage): the list is then a leader's, see rank; without, it is in the order of the codes.
    most: how many of the list are graded, the others being only found; all of them if None.
    """
    place = find_place(connection, unit_code, window.last)
    days = read_longest(connection, place, window.last)
    connection.execute(_MEMORY)
    found = _read(connection, "find_hotspots", **place.asked, last=window.last, known=known)
    found = _add_names(found, place).assign(**_read_reviews(connection, found))
    verdicts = {} if coverage is None else read_verdicts(connection, coverage, "activity").to_dict()
    if coverage is not None:
        found = rank(found, coverage, verdicts)
    rows = _grade(connection, found.head(most) if most else found, place, window.last, known, days)
    if coverage is not None:
        rows = rank(rows, coverage, verdicts)
    metres = read_rule(connection, "cluster_metres", place.province, window.last)
    return Hotspots(place.unit, window, place.vintage, found, rows, first_day(window.last, days), metres, verdicts)


def _add_names(found, place):
    communes = [place.units[code] for code in found["commune_code"]]
    return found.assign(
        commune=[unit.name for unit in communes],
        district_code=[unit.parent_code for unit in communes],
        district=[place.units[unit.parent_code].name for unit in communes],
    )


def _read_reviews(connection, found):
    """The last review of each venue found, and what is shown of it: columns on the index of `found`."""
    reviews = _read(connection, "list_reviews", venues=found["venue_id"].tolist()).set_index("venue_id")
    reviews = reviews.reindex(found["venue_id"]).set_axis(found.index)
    reopened = (reviews["state"] == "closed") & (found["newest_run"] > reviews["seen_run"].fillna(0))
    shown = reviews["state"].mask(reopened | reviews["state"].isna(), "proposed")
    return {**reviews.drop(columns="seen_run"), "reopened": reopened.astype(bool), "shown": shown}


def _grade(connection, found, place, last, known, days):
    """The hotspots found with what their visits exposed, how grave that is, and where they lie."""
    asked = {"vintage": place.vintage.id, "province": place.province, "last": last, "known": known, "since": first_day(last, days)}
    exposure = _read(connection, "read_exposure", venues=found["venue_id"].tolist(), **asked)
    rows = found.merge(exposure.astype({"exposed": "Int64", "exposed_whole": bool}), on="venue_id", how="left")
    points = (
        (rows["cases"] >= rows["grade_cases"]).astype(int)
        + (rows["exposed"] >= rows["grade_exposed"]).fillna(False).astype(int)
        + (rows["last_day"] > [last - timedelta(days) for days in rows["grade_recent_days"]]).astype(int)
        + (rows["grade_kind"] > 0).astype(int)
    )
    located = rows["lon"].notna()
    codes = sorted(set(rows.loc[~located, "commune_code"]))
    inside = _read(connection, "list_commune_points", vintage=place.vintage.id, codes=codes).set_index("commune_code")
    lon, lat = (rows[name].astype(float).fillna(rows["commune_code"].map(inside[name])) for name in ("lon", "lat"))
    return rows.assign(points=points, grade=points.map(GRADES).astype("int64"), located=located, lon=lon, lat=lat)


def read_longest(connection, place, day):
    """The most days that a rule asks of any kind of venue."""
    kinds = connection.execute(statement("list_kinds")).all()
    return max(read_rule(connection, "hotspot_days", place.province, day, kind.code) for kind in kinds)


def rank(rows, coverage, verdicts):
    """The rows in the order of a leader's list: closed ones last; first those of communes that lag, then of those to watch; the gravest.

    coverage: of the unit that holds them, by commune (geo.coverage); verdicts: on the activity of these communes, by code (geo.lagging).
    Gives activity_rate, activity (the verdict) and scans_little (it is one of BEHIND). Where the rows have no grade yet, those of more
    cases are the graver.
    """
    rate = rows["commune_code"].map(coverage.rows.set_index("code")["activity_rate"]).astype("Float64")
    verdict = rows["commune_code"].map(verdicts).astype(object)
    ranked = rows.assign(activity_rate=rate, activity=verdict, scans_little=verdict.isin(BEHIND).astype(bool))
    graded = [name for name in ("grade", "cases", "exposed", "last_at") if name in rows]
    place = verdict.map({each: place for place, each in enumerate(BEHIND)}).fillna(len(BEHIND))
    order = ranked.assign(closed=ranked["shown"] == "closed", place=place).sort_values(
        ["closed", "place", *graded, "venue_code"], ascending=[True, True, *[False] * len(graded), True], na_position="last"
    )
    return ranked.loc[order.index].reset_index(drop=True)


def add_news(rows, before):
    """The rows with news: "new" for a hotspot that was none in `before` (rows as told then), "more" where it had fewer cases, else ""."""
    cases = rows["venue_code"].map(before.set_index("venue_code")["cases"])
    news = pd.Series("", index=rows.index).mask(cases < rows["cases"], "more").mask(cases.isna(), "new")
    return rows.assign(news=news)


def read_run_at(connection, moment):
    """The number of the last load that had ended by a moment, 0 where none had: what was known then."""
    ended = sa.select(sa.func.coalesce(sa.func.max(load_run.c.id), 0)).where(load_run.c.finished_at <= moment)
    return connection.scalar(ended)


def share_by(rows, by):
    """How many of the hotspots, closed ones left out, are of each kind, commune or district: code, name, hotspots, share."""
    code, name = {"kind": ("kind", "kind"), "commune": ("commune_code", "commune"), "district": ("district_code", "district")}[by]
    open_ones = rows[rows["shown"] != "closed"].assign(code=rows[code], shown_name=rows[name])
    table = open_ones.groupby("code").agg(name=("shown_name", "first"), hotspots=("code", "size")).reset_index()
    table = table.assign(share=table["hotspots"] / max(1, len(open_ones)))
    return table.sort_values(["hotspots", "code"], ascending=[False, True], ignore_index=True)


def read_clusters(connection, unit_code, window):
    """Where exposed venues lie close together: cluster, venues, cases, venue_ids, outline (GeoJSON); the largest first."""
    place = find_place(connection, unit_code, window.last)

    def rule(name):
        return read_rule(connection, name, place.province, window.last)

    west, _, east, _ = read_bounds(connection, place.vintage.id, place.unit.code)
    asked = {
        **place.asked, "last": window.last, "since": first_day(window.last, read_longest(connection, place, window.last)),
        "before": rule("infectious_days_before"), "after": rule("infectious_days_after"),
        "metres": rule("cluster_metres"), "least": rule("cluster_venues"), "srid": choose_srid(west, east),
    }  # fmt: skip
    del asked["province"]
    return _read(connection, "read_clusters", **asked)


def choose_srid(west, east):
    """The projected system, in metres, for what lies between two meridians: the zone that its middle is in."""
    return SRIDS[(west + east) / 2 >= MEETING]


@dataclass(frozen=True)
class Timeline:
    """The days of a venue on which cases were there.

    stays: case_code, case_class, source, came, went (local), went_told. hours: day, hour (null: the day's sum), scans. days: the local
    days that some visit was in, oldest first.
    """

    stays: pd.DataFrame
    hours: pd.DataFrame
    days: list[date]


def read_timeline(connection, unit_code, venue, first, last):
    """The Timeline of a venue (its number) from `first` to `last`."""
    place = find_place(connection, unit_code, last)
    asked = {"venue": int(venue), "first": first, "last": last}
    stays = _read(connection, "list_stays", **asked, province=place.province)
    days = sorted({
        came.date() + timedelta(days) for came, went in zip(stays["came"], stays["went"], strict=True)
        for days in range((went.date() - came.date()).days + 1)
    })  # fmt: skip
    hours = _read(connection, "list_hours", **asked).astype({"hour": "Int64"})
    return Timeline(stays, hours[hours["day"].isin(days)], [day for day in days if first <= day <= last])


def _read(connection, name, **parameters):
    found = connection.execute(statement(name), parameters)
    return pd.DataFrame(found.all(), columns=list(found.keys()))
