"""Inspection campaigns: who is to inspect what and why first, results, progress until the due day (I8, I9, I13), and the reminder ladder.

Which venues a plan holds and in which order a team's sheet has them is told by what every role may see. Cases come in through read_exposed
alone, for who may see them: an order made with them would tell of cases to whoever compares it with the other.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from geo import db
from geo.asking import SILENT_DAYS
from geo.campaign import Campaign, list_campaigns
from geo.coverage import Window
from geo.db import statement
from geo.errors import InspectionError
from geo.hotspots import read_hotspots
from geo.inspections import OUTCOMES
from geo.intervals import wilson_interval
from geo.personal import holds_person
from geo.tracing import find_place
from geo.units import LEVELS, Unit, Vintage, ancestors

PLANNING = ("leader", "district", "data")  # roles that plan; PostgreSQL asks for them too
ENTERING = ("district", "commune", "data")  # roles that enter results
COUNTED = (30, 45, 60)  # minutes, as the letters order
LONGEST = {"team": 80, "note": 500}  # characters
GAP_DAYS = 28  # up to the day of the list: for as long visits are kept
REASONS = ("hotspot", "gap", "never", "silent", "crowded", "uninspected")
STEPS = ("first", "second", "third")
BY = ("district", "commune", "team")
DEFINITIONS = {
    "planned": "I13: venues planned to be inspected in the campaign (its denominator); null: nothing is planned",
    "inspected": "I13: of these, with an inspection of the campaign (of its name or of none) from its first to its last day",
    **{outcome: f"of these, {outcome} at the last of them" for outcome in OUTCOMES},
    "rate": "I13 = inspected / planned",
    "posted": "of those inspected, with the QR code properly posted or a device in use at the last inspection",
    "not_looked": "of those inspected, where posting was not looked at",
    "posted_rate": "I8 = posted / inspected",
    "head_count": "people who came in while teams counted, at venues of the plan (denominator of I9)",
    "scanned": "of these, those who were scanned",
    "scanned_rate": "I9 = scanned / head_count",
    "scanned_low": "lower end of its 95 % Wilson interval",
    "scanned_high": "upper end of it",
}
COUNTS = ["planned", "inspected", *OUTCOMES, "posted", "not_looked", "head_count", "scanned"]
_ARGUMENTS = ":account, :address, :campaign, :unit, CAST(:venues AS integer[]), CAST(:teams AS text[]), :replacing"
_KEEP, _PLAN = (sa.text(f"SELECT {name}({_ARGUMENTS})") for name in ("keep_plan", "plan_inspections"))
_ENTER = sa.text(
    "SELECT enter_inspection(:account, :address, :campaign, :venue, :inspected_on, :outcome, :posted, :supervised, :minutes, :head_count, "
    ":scanned, :note, :correcting)"
)


@dataclass(frozen=True)
class Worklist:
    """Venues to inspect in a unit: rows as sql/list_worklist.sql, with quiet_days (since the last scan, up to the last day of which scans
    are loaded; null: never scanned or not known), waits (days since the last scan, or since creation), reasons (a list of REASONS) and, where cases were told, missed (visits without a scan).

    In the order of rank: communes one after the other, the riskiest venues of each first. day: that the list is of; until: the last day
    with scans of the province by then, null where none are loaded. exposed: hotspots and the gap are among the reasons.
    """

    unit: Unit
    campaign: Campaign
    vintage: Vintage
    day: date
    until: date | None
    rows: pd.DataFrame
    exposed: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a campaign is in a unit by the end of a day: rows (code, name, COUNTS, rates) by one of BY; total: the same of the unit.

    Counts of what nothing is planned for, and rates without a denominator, are null.
    """

    unit: Unit
    campaign: Campaign
    vintage: Vintage
    day: date
    rows: pd.DataFrame
    total: pd.Series

    @property
    def window(self):
        """From the campaign's first day to the day that was asked for, or to its first."""
        return Window(self.campaign.first_day, max(self.campaign.first_day, self.day))


def find_campaign(connection, place, name):
    """The Campaign of a unit (a geo.tracing.Place) or one above it, by name or number; InspectionError where it has no days of its own."""
    known = {each.name: each for each in list_campaigns(connection, place.units, place.unit.code) if each.first_day}
    found = known.get(name) or next((each for each in known.values() if str(each.id) == str(name)), None)
    if found is None:
        raise InspectionError(f"{place.unit.name} has no campaign {name!r} with a first day; it has {', '.join(map(repr, known)) or 'none'}")
    return found


def choose_day(campaign, today=None):
    """The day that a campaign is looked at: today (db.today() if None), or its first or last day before or after its days."""
    return min(max(today or db.today(), campaign.first_day), max(campaign.last_day, campaign.first_day))


def read_worklist(connection, campaign, unit_code, day, kinds=None, planned=True):
    """The Worklist of a unit in scope on a day: of what is planned in a Campaign, or of what could be, of `kinds` or the campaign's."""
    place = find_place(connection, unit_code, day)
    until = _read_until(connection, place, day)
    rows = _read(
        connection, "list_worklist", **place.asked, campaign=campaign.id, last=day, until=until, planned=planned, kinds=kinds or campaign.kinds
    )
    known = ("inspection", "minutes", "head_count", "scanned", "counted_heads", "counted_scanned")
    rows = rows.astype(dict.fromkeys(known, "Int64")).astype(dict.fromkeys(("posted", "supervised"), "boolean"))
    quiet = [pd.NA if until is None or pd.isna(scanned) else (until - scanned).days for scanned in rows["last_scan"]]
    waits = [0 if until is None else (until - since).days for since in rows["last_scan"].where(rows["last_scan"].notna(), rows["created_on"])]
    rows = rows.assign(quiet_days=pd.array(quiet, "Int64"), waits=pd.array(waits, "Int64"))
    reasons = [_find_reasons(row, until) for row in rows.to_dict("records")]
    return Worklist(place.unit, campaign, place.vintage, day, until, rank(rows.assign(reasons=pd.Series(reasons, rows.index, dtype=object))))


def read_solution(connection, place, day):
    """What the province of a geo.tracing.Place has in force on a day: "poster" or "device"."""
    return _read_province(connection, place, day).solution


def _read_until(connection, place, day):
    """The last day with scans that are loaded of the province, `day` at the latest; None where there are none."""
    until = _read_province(connection, place, day).scans_until
    return until and min(until, day)


def _read_province(connection, place, day):
    asked = {"vintage": place.vintage.id, "province": place.province, "first": day, "last": day}
    return connection.execute(statement("read_province"), asked).one()


def _find_reasons(row, until):
    never = until is not None and pd.isna(row["last_scan"])
    holds = {
        "never": never, "silent": not never and pd.notna(row["quiet_days"]) and row["quiet_days"] >= SILENT_DAYS,
        "crowded": row["crowded"], "uninspected": row["inspections"] == 0,
    }  # fmt: skip
    return [reason for reason in REASONS if holds.get(reason)]


def rank(rows):
    """Rows of a worklist as a team goes: the communes with the most reasons first, in each the venues with the most; ties by code."""
    if rows.empty:
        return rows
    count = rows["reasons"].map(len)
    order = pd.DataFrame({
        "commune": -count.groupby(rows["commune_code"]).transform("sum"), "code": rows["commune_code"], **_weigh(rows, count), "venue": rows["code"],
    })  # fmt: skip
    return rows.loc[order.sort_values(list(order)).index].reset_index(drop=True)


def _weigh(rows, count):
    """What the order of venues goes by: how many reasons, cases before the others, the longest without a scan."""
    has = {reason: -rows["reasons"].map(lambda reasons, reason=reason: reason in reasons).astype(int) for reason in ("hotspot", "gap", "never")}
    return {"count": -count, **has, "waits": -rows["waits"].astype(int)}


def narrow(worklist, team=None):
    """A Worklist of one team alone; as it is for None. InspectionError where nothing is planned for such a team."""
    if team is None:
        return worklist
    rows = worklist.rows[worklist.rows["team"] == team]
    if rows.empty:
        known = ", ".join(sorted(set(worklist.rows["team"]))) or "none"
        raise InspectionError(f"nothing is planned for a team {team!r} in {worklist.unit.name}; teams are: {known}")
    return replace(worklist, rows=rank(rows))


def read_exposed(connection, unit_code, day):
    """Venues of a unit where cases were, in a transaction of geo.audit.reading_cases: venue_id, hotspot (not closed by a reviewer), missed
    (declared visits of the last GAP_DAYS without a scan)."""
    place, window = find_place(connection, unit_code, day), Window(day - timedelta(days=GAP_DAYS - 1), day)
    spots = read_hotspots(connection, unit_code, window, most=1).found
    spots = spots.loc[spots["shown"] != "closed", "venue_id"]
    gaps = _read(connection, "read_agencies", **place.asked, first=window.first, last=window.last).set_index("venue_id")
    missed = gaps[["a", "b", "c"]].sum(axis=1).astype(int)
    found = pd.DataFrame({"missed": missed.reindex(missed.index.union(pd.Index(spots))).fillna(0).astype(int)})
    return found.assign(hotspot=found.index.isin(spots)).rename_axis("venue_id").reset_index().astype({"venue_id": "int64"})


def add_exposed(worklist, exposed):
    """A Worklist with what read_exposed tells among its reasons, in the order that this makes: for who may see cases alone."""
    rows = worklist.rows.merge(exposed, on="venue_id", how="left")
    rows = rows.assign(missed=rows["missed"].fillna(0).astype(int), hotspot=rows["hotspot"].eq(True))
    more = [
        [reason for reason, holds in (("hotspot", row["hotspot"]), ("gap", row["missed"] > 0)) if holds] + row["reasons"]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    ranked = rank(rows.assign(reasons=pd.Series(more, rows.index, dtype=object)))
    return replace(worklist, rows=ranked, exposed=True)


def choose_venues(rows, teams, each):
    """The `each` riskiest venues for each of the teams, of rows of a worklist: the rows with their team, communes kept together."""
    count = rows["reasons"].map(len)
    order = pd.DataFrame({**_weigh(rows, count), "commune": rows["commune_code"], "venue": rows["code"]})
    chosen = rows.loc[order.sort_values(list(order)).index[: each * len(teams)]].sort_values(["commune_code", "code"])
    parts = np.array_split(chosen.index, len(teams))
    return chosen.assign(team=[team for team, part in zip(teams, parts, strict=True) for _ in part])


def plan(actor, connection, campaign, unit_code, day, teams, each=None, kinds=None, codes=()):
    """Plan, as the office of a unit, the `each` riskiest venues for each team, or the venues of these codes for one; the rows planned.

    connection: in which the actor's scope is read. Of a team that has a plan of this office `each` others take the place of what it had, as
    long as none of them was inspected. InspectionError where there is nothing to plan or a team has begun, DatabaseError where the actor may not.
    """
    teams = [team.strip() for team in teams]
    if not teams or len(set(teams)) < len(teams) or not all(1 <= len(team) <= LONGEST["team"] for team in teams):
        raise InspectionError(f"give each team a name of its own, of {LONGEST['team']} characters at most, such as an office's", "team")
    if any(map(holds_person, teams)):
        raise InspectionError("a team is named by its office, without telephone or identity numbers of persons", "personal")
    free = read_worklist(connection, campaign, unit_code, day, kinds, planned=False)
    if codes:
        chosen = _find_venues(connection, campaign, free, unit_code, day, codes).assign(team=teams[0])
        if len(teams) > 1:
            raise InspectionError("venues that are named are for one team; give one --team")
    else:
        if not each or each < 1:
            raise InspectionError("give the number of venues of each team, 1 or more")
        had = read_worklist(connection, campaign, unit_code, day).rows
        had = had[had["team"].isin(teams) & (had["unit_code"] == unit_code) & had["inspection"].isna()]
        had = had[had["kind"].isin(kinds or campaign.kinds or had["kind"])]
        chosen = choose_venues(pd.concat([rows for rows in (free.rows, had) if len(rows)] or [free.rows], ignore_index=True), teams, each)
    if chosen.empty:
        raise InspectionError(f"{free.unit.name} has no open venue of these kinds that is not planned already; choose other kinds", "nothing")
    asked = {
        "account": actor.name, "address": actor.address, "campaign": campaign.id, "unit": free.unit.id, "replacing": not codes,
        "venues": [int(number) for number in chosen["venue_id"]], "teams": list(chosen["team"]),
    }  # fmt: skip
    _write(actor, _PLAN if actor.scope.role != "operator" else _KEEP, asked)
    return chosen


def _find_venues(connection, campaign, free, unit_code, day, codes):
    """The rows of the venues of these codes, of any kind."""
    rows = read_worklist(connection, campaign, unit_code, day, list(_read(connection, "list_kinds")["code"]), planned=False).rows
    if missing := sorted(set(codes) - set(rows["code"])):
        raise InspectionError(f"{free.unit.name} has no open venue {', '.join(missing)} that is not planned already")
    return rows[rows["code"].isin(codes)]


def enter(actor, campaign, venue_code, inspected_on, outcome, posted, supervised, minutes, head_count, scanned, note, correcting=None):
    """Keep the result of an inspection of a planned venue: PostgreSQL asks whether the actor may; the number of the load that tells of it.

    minutes, head_count, scanned: all or none, of a count of 30 to 60 minutes. correcting: the number of an inspection that it takes the
    place of, and that is kept as it was. InspectionError where something cannot be, DatabaseError where it may not.
    """
    if outcome not in OUTCOMES:
        raise InspectionError(f"an outcome is one of {', '.join(OUTCOMES)}, not {outcome}")
    if posted is None or supervised is None:
        raise InspectionError("say whether the code was posted or a device in use, and whether there was a supervisor")
    if len({value is None for value in (minutes, head_count, scanned)}) > 1:
        raise InspectionError("a count is of minutes, head-count and scanned together; give all three or none")
    if minutes is not None and not (COUNTED[0] <= minutes <= COUNTED[-1] and 0 <= scanned <= head_count):
        raise InspectionError("a count takes 30 to 60 minutes, and no more people are scanned than come in")
    note = (note or "").replace("\0", "").strip()
    if len(note) > LONGEST["note"] or holds_person(note):
        raise InspectionError(f"a note has {LONGEST['note']} characters at most, and no telephone or identity numbers of persons", "personal")
    asked = {
        "account": actor.name, "address": actor.address, "campaign": campaign.id, "venue": venue_code, "inspected_on": inspected_on,
        "outcome": outcome, "posted": posted, "supervised": supervised, "minutes": minutes, "head_count": head_count, "scanned": scanned,
        "note": note, "correcting": correcting,
    }  # fmt: skip
    return _write(actor, _ENTER, asked)


def _write(actor, statement, asked):
    try:
        with db.loading() if actor.scope.role == "operator" else db.gating() as connection:
            return connection.scalar(statement, asked)
    except IntegrityError as error:
        if error.orig.diag.constraint_name == "inspection_made_key":
            raise InspectionError("the venue has a result of that day in the campaign already; correct that one", "day") from None
        raise InspectionError(error.orig.diag.message_primary, error.orig.diag.message_detail or "other") from None


def read_progress(connection, campaign, unit_code, day, by="district"):
    """The Progress of a Campaign in a unit in scope by the end of a day; by district, commune or team."""
    found = read_worklist(connection, campaign, unit_code, day)
    units = find_place(connection, unit_code, day).units
    rows = found.rows
    if by == "team":
        names = rows.assign(name=rows["team"])
        keys = names["unit_code"].fillna("").astype(str) + " " + names["team"].astype(str)
        listed = names.assign(code=keys)[["code", "name"]].drop_duplicates("code").sort_values("code")
    else:
        level = LEVELS[by]
        if level < found.unit.level:
            raise InspectionError(f"{found.unit.name} lies inside a {by}; ask by a smaller kind of unit")
        inside = [
            (each.code, each.name) for each in units.values()
            if each.level == level and each.in_scope and found.unit in ancestors(units, each.code)
        ]  # fmt: skip
        listed = pd.DataFrame(inside, columns=["code", "name"])
        keys = rows[f"{by}_code"]
    summed = _count(rows).groupby(keys.rename("code").astype(object)).sum(min_count=1)
    merged = listed.merge(summed.reset_index(), on="code", how="left")
    sums = _count(rows).sum(min_count=1)
    total = pd.DataFrame({"code": [found.unit.code], "name": [found.unit.name], **{name: pd.array([sums[name]], "Int64") for name in COUNTS}})
    return Progress(found.unit, campaign, found.vintage, day, _add_rates(merged), _add_rates(total).iloc[0])


def _count(rows):
    """What each row of a worklist adds to COUNTS."""
    done = rows["inspection"].notna()
    counts = {"planned": 1, "inspected": done.astype(int), **{outcome: (done & (rows["outcome"] == outcome)).astype(int) for outcome in OUTCOMES}}
    counts |= {"posted": (done & rows["posted"].fillna(False)).astype(int), "not_looked": (done & rows["posted"].isna()).astype(int)}
    counts |= {"head_count": rows["counted_heads"], "scanned": rows["counted_scanned"]}
    return pd.DataFrame(counts, index=rows.index).astype("Int64")


def _add_rates(rows):
    counts = rows[COUNTS].astype("Int64")

    def rate(numerator, denominator):
        below = counts[denominator].mask(counts[denominator] == 0)
        return counts[numerator].astype("Float64") / below.astype("Float64")

    seen = counts["inspected"] - counts["not_looked"]
    posted = rate("posted", "inspected").mask((seen == 0).fillna(True))
    low, high = wilson_interval(*(counts[name].fillna(0).to_numpy(int) for name in ("scanned", "head_count")))
    return rows[["code", "name"]].assign(
        **counts, rate=rate("inspected", "planned"), posted_rate=posted, scanned_rate=rate("scanned", "head_count"),
        scanned_low=pd.array(low, "Float64"), scanned_high=pd.array(high, "Float64"),
    )  # fmt: skip


def read_ladder(connection, unit_code, day, code=None, last=None):
    """The reminder ladder of the venues of a unit by the end of a day, of one by its code: frame as sql/list_ladder.sql, `step` in words.

    last: the day by which, where the unit is meant in the units in force on an earlier `day`. step: first, second, third, again (after the third) or proposal. Each is what a team found: none follows from another by itself.
    """
    place = find_place(connection, unit_code, day)
    found = _read(connection, "list_ladder", vintage=place.vintage.id, unit=place.unit.code, last=last or day, code=code)
    steps = [
        "proposal" if pd.isna(step) else STEPS[int(step) - 1] if step <= len(STEPS) else "again" for step in found["step"]
    ]  # fmt: skip
    return found.assign(step=pd.Series(steps, found.index, dtype=object), commune=[place.units[code].name for code in found["commune_code"]])


def list_corrected(connection, number):
    """What an inspection (its number) was before its corrections, the last first: frame as sql/list_corrected.sql."""
    return _read(connection, "list_corrected", number=int(number))


def _read(connection, name, **parameters):
    found = connection.execute(statement(name), parameters)
    return pd.DataFrame(found.all(), columns=list(found.keys()))
