"""Issued reports: kept with their figures and files as they were, handed out again, held against the figures of today, and who filed (I14)."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from geo import db
from geo.coverage import Window
from geo.errors import ReportError
from geo.lagging import report_weeks
from geo.schema_reports import report, report_file
from geo.units import LEVELS, Unit, find_unit, read_atlas
from geo.weekly import DEFINITIONS, compare_figures, find_figures, read_report

_ARGUMENTS = (
    ":account, :address, 'weekly', :vintage, :unit, :first, :last, :on, CAST(:figures AS jsonb), CAST(:definitions AS jsonb), "
    "CAST(:runs AS integer[]), :as_of, CAST(:names AS text[]), CAST(:contents AS bytea[])"
)
_ISSUE = sa.text(f"SELECT issue_report({_ARGUMENTS})")
_KEEP = sa.text(f"SELECT keep_report({_ARGUMENTS})")
_FILINGS = sa.text("SELECT unit_code, filed_at FROM read_filings(:vintage, :first, :last)")
FILED_DEFINITIONS = {
    "due": "the Thursday after the report week",
    "filed_at": "when the first report was issued whose window holds the report week and ends with it, Vietnamese time; null: none yet",
    "state": "on time: filed by the due day; late: after it; missing: not filed, and the due day is over; open: not filed yet",
    "rate": "I14 = on time / due",
}


@dataclass(frozen=True)
class Issued:
    """A row of the table report, whose comments say what each field is, with its window and files (name -> bytes)."""

    id: int
    unit_code: str
    unit_name: str
    window: Window
    on_day: date
    cases: bool
    state: str
    figures: dict
    load_runs: list[int]
    issued_by: str
    issued_at: datetime
    files: dict[str, bytes]


@dataclass(frozen=True)
class Filed:
    """Who filed the report of a week: rows of code, name, filed_at, state; total: of them on_time, due and rate (I14)."""

    unit: Unit
    week: Window
    due: date
    rows: pd.DataFrame
    total: dict


def issue(actor, weekly, files):
    """Keep a geo.weekly.Weekly with its files (name -> bytes) as issued, and put it on record; the report's number.

    Of an account PostgreSQL asks whether it may; who types commands has the loader's rights, which the dashboard has not. A report of the
    same unit and window is superseded.
    """
    if not files:
        raise ReportError("a report has at least one file")
    asked = {
        "account": actor.name, "address": actor.address, "vintage": weekly.vintage.id, "unit": weekly.unit.code, "first": weekly.window.first,
        "last": weekly.window.last, "on": weekly.on, "figures": json.dumps(find_figures(weekly)), "definitions": json.dumps(DEFINITIONS),
        "runs": weekly.runs, "as_of": weekly.holdings.as_of, "names": list(files), "contents": list(files.values()),
    }  # fmt: skip
    if actor.scope.role == "operator":
        with db.loading() as connection:
            return connection.scalar(_KEEP, asked)
    with db.gating() as connection:
        return connection.scalar(_ISSUE, asked)


def list_reports(connection, unit_code):
    """The issued reports of a unit and of the districts in it, as sql/list_reports.sql; those that tell of cases where these are seen."""
    found = connection.execute(db.statement("list_reports"), {"unit": unit_code})
    return pd.DataFrame(found.all(), columns=list(found.keys()), dtype=object)


def read_issued(connection, number):
    """The Issued report of that number, its files held against their hashes; ReportError where there is none, or none to be seen."""
    row = connection.execute(sa.select(report).where(report.c.id == number)).mappings().one_or_none()
    if row is None:
        raise ReportError(f"there is no report {number}; see: phuqr report list --unit CODE")
    files = {}
    kept = sa.select(report_file.c.name, report_file.c.sha256, report_file.c.content).where(report_file.c.report == number)
    for name, told, content in connection.execute(kept.order_by(report_file.c.name)):
        if sha256(content).hexdigest() != told:
            raise ReportError(f"the file {name} of report {number} is not as it was issued: its hash differs; take it from a backup of the database")
        files[name] = bytes(content)
    same = ("id", "unit_code", "unit_name", "on_day", "cases", "state", "figures", "load_runs", "issued_by", "issued_at")
    return Issued(window=Window(row["first_day"], row["last_day"]), files=files, **{name: row[name] for name in same})


def compare_issued(connection, issued):
    """What was restated since a report was issued: compare_figures of those it printed and those of now, and the Weekly of now.

    Traced cases are left out once some of the window's visits were purged: what is then missing was not restated.
    """
    now = read_report(connection, issued.unit_code, issued.window, issued.on_day, issued.cases)
    # once through JSON, as those that were kept
    old, new = issued.figures, json.loads(json.dumps(find_figures(now)))
    if is_purged(now):
        old, new = ({name: of for name, of in each.items() if name not in ("gap", "hotspots")} for each in (old, new))
    return compare_figures(old, new), now


def is_purged(weekly):
    """Whether visits of a Weekly's window were removed, by which its cases can no longer be compared."""
    return weekly.cases and weekly.gap.purged_until is not None and weekly.gap.purged_until >= weekly.window.first


def read_filed(connection, unit_code, on, today=None):
    """The Filed of the districts of a province, or of a district itself, for the report week that ended by the day before `on`.

    today: the local day that decides what is missing; db.today() if None.
    """
    week = next(report_weeks(on - timedelta(days=1)))
    due, today = week.last + timedelta(days=1), today or db.today()
    atlas = read_atlas(connection, week.last)
    unit = find_unit(atlas.units, unit_code, atlas.vintage)
    if unit.level == LEVELS["commune"]:
        raise ReportError(f"{unit.name} is a commune; reports are of districts and provinces")
    # a province without districts answers for itself
    of = [each for each in atlas.units.values() if each.parent_code == unit_code and each.level == LEVELS["district"]] or [unit]
    asked = {"vintage": atlas.vintage.id, "first": week.first, "last": week.last}
    filed = dict(connection.execute(_FILINGS, asked).all())
    rows = []
    for each in of:
        at = filed.get(each.code)
        at = at and at.astimezone(ZoneInfo(db.TIME_ZONE)).replace(microsecond=0)
        state = ("on time" if at.date() <= due else "late") if at else "missing" if today > due else "open"
        rows.append((each.code, each.name, at, state))
    frame = pd.DataFrame(rows, columns=["code", "name", "filed_at", "state"], dtype=object)
    on_time = int((frame["state"] == "on time").sum())
    return Filed(unit, week, due, frame, {"on_time": on_time, "due": len(frame), "rate": on_time / len(frame) if len(frame) else None})
