"""What the pages read, kept between reruns: the one file of pages' caches (dashboard/app.py keeps encoded geometry).

Every cached function takes the version of the data, so that a load is seen at the next rerun, and the reader's scope, so
that nobody is shown what was read for another.
"""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from dashboard.navigation import SESSION_HEADER
from geo import db, reports
from geo.agencies import read_agencies
from geo.assessments import read_assessments
from geo.audit import Actor, last_case_view, reading_cases
from geo.campaign import list_campaigns, read_clock, read_creation
from geo.case_weeks import read_case_weeks
from geo.clusters import find_clusters
from geo.converted import convert_coverage
from geo.coverage import Window, list_kinds, read_coverage, read_holdings, read_total
from geo.daily import read_bulletin
from geo.decisions import list_decisions
from geo.hotspots import LISTED, add_news, read_clusters, read_hotspots, read_run_at, read_timeline
from geo.lagging import FEWEST, QUESTIONS, read_lagging, read_weekly
from geo.offices import list_old_posters, read_staff
from geo.plans import list_corrected, plan, read_exposed, read_ladder, read_progress, read_solution, read_worklist
from geo.quality import list_runs, list_sources, read_quality
from geo.sessions import find_reader
from geo.tracing import find_place, read_gap_weeks, read_gaps, read_tracing_version
from geo.trends import read_trend
from geo.units import WHOLE, list_vintages, read_atlas, read_bounds, read_polygons
from geo.venues import count_points, count_venues, find_code, list_venues
from geo.whole import read_whole


def reader():
    """Who reads: the Actor of the session that the gate let through, asked anew at each rerun; None once it has ended."""
    key = st.context.headers.get(SESSION_HEADER)
    return find_reader(bytes.fromhex(key)) if key else None


def holdings(scope):
    """What is loaded now; asked anew at each rerun, since the rest hangs on its version."""
    with db.reading(scope) as connection:
        return read_holdings(connection)


@st.cache_data(max_entries=20, show_spinner=False)
def atlas(version, scope, day):
    """The units in force on `day` that the reader may know of."""
    with db.reading(scope) as connection:
        return read_atlas(connection, day)


@st.cache_data(max_entries=200, show_spinner=False)
def coverage(version, scope, unit, first, last, group, by="commune"):
    """Coverage of a unit, as geo.coverage.read_coverage gives it; of all in scope (WHOLE), as geo.whole.read_whole."""
    with db.reading(scope) as connection:
        if unit == WHOLE:
            return read_whole(connection, Window(first, last), by, group)
        return read_coverage(connection, unit, Window(first, last), by, group)


@st.cache_data(max_entries=200, show_spinner=False)
def total(version, scope, unit, first, last, group):
    """The sums of a district or province for comparison, as geo.coverage.read_total gives them."""
    with db.reading(scope) as connection:
        return read_total(connection, unit, Window(first, last), group)


@st.cache_data(max_entries=100, show_spinner=False)
def days(version, scope, unit, first, last, group):
    """The days of a unit, or of all in scope (WHOLE), one row each, as geo.trends.read_trend gives them."""
    with db.reading(scope) as connection:
        return read_trend(connection, None if unit == WHOLE else unit, Window(first, last), group)


@st.cache_data(max_entries=50, show_spinner=False)
def staff(version, scope, unit, day):
    """I10 of a unit, or of all in scope (WHOLE), as geo.offices.read_staff gives it; None where no agency returned anything."""
    with db.reading(scope) as connection:
        return read_staff(connection, None if unit == WHOLE else unit, day)


@st.cache_data(max_entries=50, show_spinner=False)
def assessments(version, scope, unit, first, last, by):
    """Self-assessments of a unit's agencies, as geo.assessments.read_assessments gives them."""
    with db.reading(scope) as connection:
        return read_assessments(connection, unit, Window(first, last), by)


@st.cache_data(max_entries=50, show_spinner=False)
def old_posters(version, scope, unit, day, group):
    """Posters still up where devices are in force, as geo.offices.list_old_posters gives them."""
    with db.reading(scope) as connection:
        return list_old_posters(connection, None if unit == WHOLE else unit, day, group)


@st.cache_data(max_entries=200, show_spinner=False)
def bounds(version, scope, vintage_id, unit):
    """West, south, east and north of a unit, or of all in scope (WHOLE), in degrees."""
    with db.reading(scope) as connection:
        return read_bounds(connection, vintage_id, None if unit == WHOLE else unit)


@st.cache_data(max_entries=20, show_spinner=False)
def kinds(version, scope):
    """Kinds of venue by their names: code -> (Vietnamese, English name)."""
    with db.reading(scope) as connection:
        found = list_kinds(connection)
    return {row["code"]: (row["name_vi"], row["name_en"]) for row in sorted(found, key=lambda row: row["name_vi"])}


@st.cache_data(max_entries=20, show_spinner=False)
def departments(version, scope):
    """Departments that answer for some kind, by their names: code -> (Vietnamese, English name)."""
    with db.reading(scope) as connection:
        found = list_kinds(connection)
    told = {row["department"]: (row["department_vi"], row["department_en"]) for row in found}
    return dict(sorted(told.items(), key=lambda each: each[1]))


@st.cache_data(max_entries=50, show_spinner=False)
def points(version, scope, vintage, unit):
    """Of how many venues of a unit it is not known where they are: venues, no_point, outside."""
    with db.reading(scope) as connection:
        found = count_points(connection, vintage, None if unit == WHOLE else unit)
        return found._asdict()


@st.cache_data(max_entries=50, show_spinner=False)
def venues(version, scope, vintage, unit, first, last, narrowed, scans_known, code=None):
    """The first venues of a unit in a state, and how many there are, as geo.venues.list_venues gives them."""
    with db.reading(scope) as connection:
        place = None if unit == WHOLE else unit
        return list_venues(connection, vintage, place, Window(first, last), narrowed, scans_known, code)


def venue_code(scope, number):
    """The code of the venue of that number, or None."""
    with db.reading(scope) as connection:
        return find_code(connection, number)


@st.cache_data(max_entries=50, show_spinner=False)
def venue_counts(version, scope, vintage, unit, first, last, narrowed, scans_known):
    """How many such venues each commune of a unit has, as geo.venues.count_venues gives them."""
    with db.reading(scope) as connection:
        place = None if unit == WHOLE else unit
        return count_venues(connection, vintage, place, Window(first, last), narrowed, scans_known)


@st.cache_data(max_entries=20, show_spinner=False)
def converted(version, scope, unit, first, last, group, vintage):
    """The rows of a unit's coverage on the communes of a later Vintage, as geo.converted.convert_coverage gives them."""
    with db.reading(scope) as connection:
        found = read_coverage(connection, None if unit == WHOLE else unit, Window(first, last), group=group)
        return convert_coverage(connection, found, vintage)


@st.cache_data(max_entries=20, show_spinner=False)
def vintages(version, scope):
    """Every vintage of boundaries, oldest first."""
    with db.reading(scope) as connection:
        return list_vintages(connection)


@st.cache_data(max_entries=50, show_spinner=False)
def runs(version, scope, kind):
    """The newest loads, of one kind or of all, as geo.quality.list_runs gives them."""
    with db.reading(scope) as connection:
        return list_runs(connection, kind)


@st.cache_data(max_entries=50, show_spinner=False)
def sources(version, scope):
    """The newest load of each kind, as geo.quality.list_sources gives them."""
    with db.reading(scope) as connection:
        return list_sources(connection)


@st.cache_data(max_entries=50, show_spinner=False)
def quality(version, scope, unit, vintage, first, last, newest, by):
    """I15 of a unit, as geo.quality.read_quality gives it."""
    with db.reading(scope) as connection:
        return read_quality(connection, unit, vintage, Window(first, last), newest, by)


@st.cache_data(max_entries=100, show_spinner=False)
def lagging(version, scope, unit, first, last, by, group):
    """The verdicts on the communes or districts of a unit, as geo.lagging.read_lagging gives them."""
    with db.reading(scope) as connection:
        return read_lagging(connection, unit, Window(first, last), by, group)


@st.cache_data(max_entries=100, show_spinner=False)
def weekly(version, scope, unit, last, by, group):
    """The rates by report week, as geo.lagging.read_weekly gives them."""
    with db.reading(scope) as connection:
        return read_weekly(connection, unit, last, by, group)


@st.cache_data(max_entries=100, show_spinner=False)
def clusters(version, scope, unit, first, last, group, question):
    """Whether the communes of a unit that can be judged have like rates where they are neighbours, as geo.clusters finds."""
    place = None if unit == WHOLE else unit
    with db.reading(scope) as connection:
        found = read_coverage(connection, place, Window(first, last), group=group)
        polygons = read_polygons(connection, found.vintage.id, place)
    rows = found.rows.set_index("code")
    judged = rows[QUESTIONS[question][1]].fillna(0) >= FEWEST
    return find_clusters(rows.loc[judged, f"{question}_rate"].astype(float), polygons)


def campaigns(scope, unit, units):
    """Deadlines and named windows of a unit and those above it; asked anew, since no load tells that they changed."""
    with db.reading(scope) as connection:
        return list_campaigns(connection, units, unit)


@st.cache_data(max_entries=100, show_spinner=False)
def clock(version, scope, unit, campaign, day):
    """How a unit stands by the deadline of a campaign, as geo.campaign.read_clock gives it."""
    with db.reading(scope) as connection:
        return read_clock(connection, unit, campaign, day)


@st.cache_data(max_entries=100, show_spinner=False)
def creation(version, scope, unit, vintage, first, last, group):
    """Obliged venues with a QR code by day, as geo.campaign.read_creation gives them."""
    with db.reading(scope) as connection:
        return read_creation(connection, unit, vintage, first, last, group)


def inspection_worklist(scope, campaign, unit, day):
    """What is planned in a unit, as geo.plans.read_worklist gives it; asked anew, since no load tells that a plan changed."""
    with db.reading(scope) as connection:
        return read_worklist(connection, campaign, unit, day)


def inspection_progress(scope, campaign, unit, day, by):
    """How far a campaign is, as geo.plans.read_progress gives it; asked anew likewise."""
    with db.reading(scope) as connection:
        return read_progress(connection, campaign, unit, day, by)


@st.cache_data(max_entries=50, show_spinner=False)
def inspection_ladder(version, scope, unit, day, last, code=None):
    """The reminder ladder of a unit, or of one venue, as geo.plans.read_ladder gives it."""
    with db.reading(scope) as connection:
        return read_ladder(connection, unit, day, code, last)


@st.cache_data(max_entries=50, show_spinner=False)
def corrected(version, scope, number):
    """What an inspection was before its corrections, as geo.plans.list_corrected gives it."""
    with db.reading(scope) as connection:
        return list_corrected(connection, number)


@st.cache_data(max_entries=20, show_spinner=False)
def solution(version, scope, unit, day):
    """What the province of a unit has in force on a day: "poster" or "device"."""
    with db.reading(scope) as connection:
        return read_solution(connection, find_place(connection, unit, day), day)


def make_plan(reader, campaign, unit, day, teams, each, kinds):
    """Plan inspections for the reader, as geo.plans.plan does; the rows planned."""
    with db.reading(reader.scope) as connection:
        return plan(reader, connection, campaign, unit, day, teams, each, kinds)


def tracing_version(scope):
    """Grows with each review, answer, rule and purge; asked anew at each rerun, as holdings are."""
    with db.reading(scope) as connection:
        return read_tracing_version(connection)


# Of cases, what was read for one account is not given to another of its scope, nor to itself when it comes again: each of them looks at
# it, and each look is on record: of which area, not of which venue, since admins read the record and see no cases. `version` is that of
# the loads and tracing_version; `opened` is when the page was.


def ask_cases(reader, held, unit):
    """What the functions below are asked by, for the Actor who reads; the page is opened when it first asks."""
    opened = st.session_state.setdefault("tracing_opened", datetime.now(UTC))
    return f"{held.version}.{tracing_version(reader.scope)}", reader.scope, reader.name, reader.address, opened, unit


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def hotspots(version, scope, account, address, opened, unit, first, last):
    """The Hotspots of a unit with news since the account last looked, its clusters, and when that was (None: never)."""
    window, before = Window(first, last), last_case_view(account, "hotspots", opened)
    with reading_cases(Actor(account, scope, address), f"hotspots of {unit} until {last}") as connection:
        coverage = read_coverage(connection, unit, window)
        found = read_hotspots(connection, unit, window, coverage=coverage, most=LISTED)
        clusters = read_clusters(connection, unit, window)
        known = None if before is None else read_hotspots(connection, unit, window, read_run_at(connection, before), most=1).found
    rows = found.rows.assign(news="") if known is None else add_news(found.rows, known)
    return replace(found, rows=rows), clusters, before


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def exposed_venues(version, scope, account, address, opened, unit, day):
    """Venues of a unit where cases were, as geo.plans.read_exposed gives them."""
    with reading_cases(Actor(account, scope, address), f"worklist of {unit} on {day}") as connection:
        return read_exposed(connection, unit, day)


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def gap(version, scope, account, address, opened, unit, first, last, bys):
    """The Gap of a unit by each of `bys` (a tuple), its weeks, and the agencies to rectify."""
    window = Window(first, last)
    with reading_cases(Actor(account, scope, address), f"gap of {unit} from {first} to {last}") as connection:
        gaps = read_gaps(connection, unit, window, bys)
        return gaps, read_gap_weeks(connection, unit, window), read_agencies(connection, unit, window)


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def visited_venue(version, scope, account, address, opened, unit, venue, first, last):
    """The Timeline of a venue (its number), and what was decided on it."""
    with reading_cases(Actor(account, scope, address), f"visits to a venue of {unit} until {last}") as connection:
        return read_timeline(connection, unit, venue, first, last), list_decisions(connection, venue)


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def answers(version, scope, account, address, opened, unit, venues):
    """What an agency answered and mended, as geo.decisions.list_decisions gives it of its venues (a tuple of numbers)."""
    with reading_cases(Actor(account, scope, address), f"answers of an agency of {unit}") as connection:
        found = list_decisions(connection, *venues)
    return found[found["of"] == "answer"]


@st.cache_data(max_entries=50, show_spinner=False)
def case_weeks(version, scope, unit, first, last):
    """Cases by commune and week, for every role, as geo.case_weeks.read_case_weeks gives them."""
    with db.reading(scope) as connection:
        return read_case_weeks(connection, unit, Window(first, last))


def ask_reports(reader):
    """What the functions on issued reports are asked by: who reads, and when it opened the page; see ask_cases."""
    opened = st.session_state.setdefault("reports_opened", datetime.now(UTC))
    with db.reading(reader.scope) as connection:
        version = reports.read_report_version(connection)
    return version, reader.scope, reader.name, reader.address, opened


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def issued_reports(version, scope, account, address, opened, unit):
    """The issued reports of a unit and of the districts in it, as geo.reports.list_reports gives them."""
    with reports.reading(Actor(account, scope, address), f"reports of {unit}") as (connection, _):
        return reports.list_reports(connection, unit)


@st.cache_data(max_entries=50, ttl=3600, show_spinner=False)
def restated(version, scope, account, address, opened, number, cases, loaded):
    """What was restated since a report was issued, names by code, and whether its cases were purged, as geo.reports.compare_issued gives them.

    cases: it tells of cases. loaded: the version of the data, which the first argument is not.
    """
    with reports.reading(Actor(account, scope, address), f"report {number}", cases or False) as (connection, _):
        rows, now = reports.compare_issued(connection, reports.read_issued(connection, number))
        return rows, now.names, reports.is_purged(now)


@st.cache_data(max_entries=50, ttl=60, show_spinner=False)
def filed(version, scope, unit, on, today):
    """Who filed the report of the week before `on`, as geo.reports.read_filed gives it; version: of read_report_version."""
    with db.reading(scope) as connection:
        return reports.read_filed(connection, unit, on, today)


@st.cache_data(max_entries=50, show_spinner=False)
def bulletin(version, scope, unit, day):
    """What the bulletin of a day says of a unit, as geo.daily.read_bulletin gives it."""
    with db.reading(scope) as connection:
        return read_bulletin(connection, unit, day)
