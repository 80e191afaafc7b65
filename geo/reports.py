"""Issued reports: kept with their figures and files as they were, handed out again, held against the figures of today, and who filed (I14)."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

from geo import daily, db, weekly
from geo.audit import reading_cases
from geo.coverage import Window
from geo.errors import ReportChangedError, ReportError
from geo.lagging import report_weeks
from geo.schema_reports import report, report_file
from geo.tracing import CASE_ROLES, refuse_cases
from geo.units import LEVELS, Unit, find_unit, read_atlas
from geo.weekly import compare_figures, read_report

_ARGUMENTS = (
    ":account, :address, :kind, :vintage, :unit, :first, :last, :on, CAST(:figures AS jsonb), CAST(:definitions AS jsonb), "
    "CAST(:runs AS integer[]), :as_of, CAST(:names AS text[]), CAST(:contents AS bytea[])"
)
_ISSUE = sa.text(f"SELECT issue_report({_ARGUMENTS})")
_KEEP = sa.text(f"SELECT keep_report({_ARGUMENTS})")
_VERSION = sa.text("SELECT read_report_version()")
_FIGURES = {"weekly": (weekly.find_figures, weekly.DEFINITIONS), "daily": (daily.find_figures, daily.DEFINITIONS)}
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
    kind: str
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
    """Who filed the report of a week: rows of code, name, filed_at, state; total: of them on_time, due and rate (I14).

    own: filed_at and state of the report of the unit itself, which of a province is in no row.
    """

    unit: Unit
    week: Window
    due: date
    rows: pd.DataFrame
    total: dict
    own: tuple


@contextmanager
def reading(actor, what, cases=None):
    """A transaction of who reads reports, and whether it sees traced cases: where the role may, unless `cases` is False; then on record.

    what: as it stands on record. TracingError where cases are asked for by who may not see them.
    """
    if cases:
        refuse_cases(actor.scope)
    if actor.scope.role in CASE_ROLES and cases is not False:
        with reading_cases(actor, what) as connection:
            yield connection, True
    else:
        with db.reading(actor.scope) as connection:
            yield connection, False


def issue(actor, found, files):
    """Keep a geo.weekly.Weekly or geo.daily.Bulletin with its files (name -> bytes) as issued, and put it on record; the report's number.

    Of an account PostgreSQL asks whether it may; who types commands has the loader's rights, which the dashboard has not. A report of the
    same kind, unit and window is superseded.
    """
    if not files:
        raise ReportError("a report has at least one file")
    find_figures, definitions = _FIGURES[found.kind]
    asked = {
        "account": actor.name, "address": actor.address, "kind": found.kind, "vintage": found.vintage.id, "unit": found.unit.code,
        "first": found.window.first, "last": found.window.last, "on": found.on, "figures": json.dumps(find_figures(found)),
        "definitions": json.dumps(definitions), "runs": found.runs, "as_of": found.holdings.as_of, "names": list(files),
        "contents": list(files.values()),
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


def read_report_version(connection):
    """A number that grows with each report that is issued, whoever may see it."""
    return connection.scalar(_VERSION)


def read_issued(connection, number):
    """The Issued report of that number, its files held against their hashes; ReportError where there is none, or none to be seen."""
    row = connection.execute(sa.select(report).where(report.c.id == number)).mappings().one_or_none()
    if row is None:
        raise ReportError(f"there is no report {number}; see: phuqr report list --unit CODE")
    files = {}
    kept = sa.select(report_file.c.name, report_file.c.sha256, report_file.c.content).where(report_file.c.report == number)
    for name, told, content in connection.execute(kept.order_by(report_file.c.name)):
        if sha256(content).hexdigest() != told:
            told = f"the file {name} of report {number} is not as it was issued: its hash differs"
            raise ReportChangedError(f"{told}; take it from a backup of the database")
        files[name] = bytes(content)
    same = ("id", "kind", "unit_code", "unit_name", "on_day", "cases", "state", "figures", "load_runs", "issued_by", "issued_at")
    return Issued(window=Window(row["first_day"], row["last_day"]), files=files, **{name: row[name] for name in same})


def compare_issued(connection, issued):
    """What was restated since a report was issued: compare_figures of those it printed and those of now, and the Weekly or Bulletin of now.

    Traced cases are left out once some of the window's visits were purged: what is then missing was not restated.
    """
    unit, window, on = issued.unit_code, issued.window, issued.on_day
    if issued.kind == "daily":
        now = daily.read_bulletin(connection, unit, window.last, on)
    else:
        now = read_report(connection, unit, window, on, issued.cases)
    find_figures, _ = _FIGURES[issued.kind]
    # once through JSON, as those that were kept
    old, new = issued.figures, json.loads(json.dumps(find_figures(now)))
    if is_purged(now):
        old, new = ({name: of for name, of in each.items() if name not in ("gap", "hotspots")} for each in (old, new))
    return compare_figures(old, new), now


def is_purged(found):
    """Whether visits of a Weekly's window were removed, by which its cases can no longer be compared."""
    return found.cases and found.gap.purged_until is not None and found.gap.purged_until >= found.window.first


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

    def tell(code):
        at = filed.get(code)
        at = at and at.astimezone(ZoneInfo(db.TIME_ZONE)).replace(microsecond=0)
        return at, ("on time" if at.date() <= due else "late") if at else "missing" if today > due else "open"

    frame = pd.DataFrame([(each.code, each.name, *tell(each.code)) for each in of], columns=["code", "name", "filed_at", "state"], dtype=object)
    on_time = int((frame["state"] == "on time").sum())
    return Filed(unit, week, due, frame, {"on_time": on_time, "due": len(frame), "rate": on_time / len(frame) if len(frame) else None}, tell(unit_code))
