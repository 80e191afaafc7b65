"""What the page of reports is made of: choices, drafts that are made and issued, those that are kept, and who filed."""

from datetime import date, timedelta
from itertools import islice

import streamlit as st

from dashboard import data, report_panels
from dashboard.bulletin_letter import list_definitions
from dashboard.data_panels import section
from dashboard.frame import default_unit
from dashboard.report_drafts import Draft
from dashboard.report_files import add_pdf, make_bulletin, make_report, search_converter
from dashboard.report_sections import lower
from dashboard.text import Text
from geo import reports
from geo.coverage import Window
from geo.db import today
from geo.errors import ReportError
from geo.lagging import report_week, report_weeks
from geo.tracing import CASE_ROLES
from geo.units import LEVELS

WEEKS = 8  # report weeks that are offered
LONGEST = 4000  # characters of what the office says
SHOWN = 50  # reports that are listed
RESTATED = 300  # figures that are shown beside those of today


def choose_unit(atlas, held, text):
    """The code of a district or province in scope, which stands in the address; None where there is none."""
    units = {code: unit for code, unit in atlas.units.items() if unit.in_scope and unit.level < LEVELS["commune"]}
    if not units:
        st.info(text("reports.no_unit"))
        return None
    written = st.session_state["written"].unit if "written" in st.session_state else None  # of the page that was left
    wishes = st.session_state.get("report-unit"), st.query_params.get("unit"), written, default_unit(held, atlas)
    st.session_state["report-unit"] = next((code for code in wishes if code in units), next(iter(units)))
    code = st.selectbox(text("reports.unit"), list(units), key="report-unit", format_func=lambda code: units[code].name)
    st.query_params["unit"] = code
    return code


def choose_window(reader, held, atlas, unit, text):
    """The Window that a report is about: a report week that is over, the newest first, or one that a campaign has named."""
    yesterday = today() - timedelta(days=1)
    last = min(report_week(held.scans_until).last, yesterday) if held.scans_until else yesterday
    weeks = list(islice(report_weeks(last), WEEKS))
    names = {week: text("period.week", first=text.day(week.first), last=text.day(week.last)) for week in weeks}
    for each in data.campaigns(reader.scope, unit, atlas.units):
        if each.window and each.target is None and each.window.last <= yesterday:
            names[each.window] = each.name
    asked = _read_window(st.query_params)
    if asked and asked.last <= yesterday:
        names.setdefault(asked, text("reports.days", first=text.day(asked.first), last=text.day(asked.last)))
    if st.session_state.get("report-window") not in names:
        st.session_state["report-window"] = asked if asked in names else weeks[0]
    window = st.selectbox(text("reports.week"), list(names), key="report-window", format_func=names.get)
    st.query_params.update({"from": window.first.isoformat(), "to": window.last.isoformat()})
    return window


def _read_window(query):
    try:
        first, last = date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
    except (KeyError, ValueError):
        return None
    return Window(first, last) if first <= last else None


def choose_letter_day(window, text):
    """The day on the letter: the one after the window, unless another is chosen."""
    first = window.last + timedelta(days=1)
    return st.date_input(
        text("reports.on"), first, min_value=first, max_value=first + timedelta(days=365), format="DD/MM/YYYY", key=f"report-on-{first}"
    )  # fmt: skip


def choose_pdf(kind, text):
    """Whether a PDF is wanted; where none can be made the page says so."""
    known = search_converter() is not None
    wanted = st.checkbox(text("reports.pdf"), value=known, disabled=not known, key=f"report-pdf-{kind}")
    if not known:
        st.caption(text("reports.no_pdf"))
    return wanted and known


def show_weekly(reader, held, atlas, unit, text):
    """The weekly report: what it is about, its draft, those that were issued, and who filed."""
    where, when = st.columns([3, 2])
    with where:
        window = choose_window(reader, held, atlas, unit, text)
    with when:
        on = choose_letter_day(window, text)
    left, right = st.columns(2)
    said = (
        left.text_area(text("reports.difficulties"), key="report-difficulties", max_chars=LONGEST, height=110),
        right.text_area(text("reports.proposals"), key="report-proposals", max_chars=LONGEST, height=110),
    )
    st.caption(text("reports.blank"))
    cases = reader.scope.role in CASE_ROLES and st.checkbox(text("reports.with_cases"), value=True, key="report-cases")
    pdf = choose_pdf("weekly", text)
    words = tuple(each.strip() or None for each in said)
    asked = unit, window, on, words, cases, pdf
    made = "make", lambda: make_report(reader, unit, window, on, words, Text("vi"), cases or False)
    _show_draft(reader, held, "weekly", asked, made, pdf, text)
    _show_issued(reader, held, unit, "weekly", text)
    _show_filed(reader, unit, window, text)


def show_daily(reader, held, unit, text):
    """The bulletin of a day: its figures, its files, and those that were issued."""
    newest = min(held.scans_until or today(), today() - timedelta(days=1))
    left, _ = st.columns([2, 3])
    day = left.date_input(text("reports.day"), newest, max_value=today() - timedelta(days=1), format="DD/MM/YYYY", key="report-day")
    found = data.bulletin(held.version, reader.scope, unit, day)
    st.html(report_panels.bulletin_cards(found, text))
    pdf = choose_pdf("daily", text)
    made = "make_daily", lambda: make_bulletin(reader, unit, day, Text("vi"))
    _show_draft(reader, held, "daily", (unit, day, pdf), made, pdf, text)
    st.html(report_panels.bulletin(found, text))
    with st.expander(text("report.definitions")):
        st.html(report_panels.paragraphs(list_definitions(found, text)))
    _show_issued(reader, held, unit, "daily", text)


def _show_draft(reader, held, kind, asked, made, pdf, text):
    """The button that makes a draft, and the draft that was made of these choices: its files, and the button that issues it.

    What was issued is put into a dict of before: a click meanwhile ends this run at its next use of Streamlit, but loses nothing of it.
    """
    job = st.session_state.setdefault(f"report-job-{kind}", {})
    label, make = made
    if st.button(text(f"reports.{label}"), type="primary", key=f"report-make-{kind}"):
        job.clear()
        with st.spinner(text("reports.making")):
            found, files = make()
        if pdf:
            with st.spinner(text("reports.making_pdf")):
                try:
                    files = add_pdf(files)
                except ReportError:
                    job["no_pdf"] = True
        job["draft"] = Draft(reader, held.version, asked, found, files)
    if job.get("issued"):
        st.success(text("reports.is_issued", number=job["issued"]))
    draft = job.get("draft")
    if draft is None or draft.asked != asked or draft.reader != reader:
        return
    st.html(section(text("reports.draft")))
    if job.get("no_pdf"):
        st.warning(text("reports.pdf_failed"))
    st.html(report_panels.draft(draft, text))
    outdated = draft.version != held.version
    if outdated:
        st.warning(text("reports.outdated"))
    if st.button(text("reports.issue"), disabled=outdated, key=f"report-issue-{kind}"):
        with st.spinner(text("reports.issuing")):
            job.update(issued=reports.issue(reader, draft.found, draft.files), draft=None)
        st.rerun()
    st.caption(text("reports.issue_help"))


def _show_issued(reader, held, unit, kind, text):
    """The issued reports of a unit and of the districts in it; one of them beside the figures of today."""
    asked = data.ask_reports(reader)
    rows = data.issued_reports(*asked, unit)
    rows = rows[rows["kind"] == kind]
    st.html(section(text("reports.list", count=text.number(len(rows)))))
    if rows.empty:
        st.caption(text("reports.list.none"))
        return
    st.html(report_panels.issued(rows.head(SHOWN), text))
    if len(rows) > SHOWN:
        st.caption(text("reports.list.cut", shown=text.number(SHOWN)))
    of = rows.set_index("id")
    names = {
        number: text("reports.compare.one", number=number, unit=row["unit_name"], days=report_panels.say_issued_days(row, text))
        for number, row in of.to_dict("index").items()
    }  # fmt: skip
    number = st.selectbox(
        text("reports.compare"), list(names), None, format_func=names.get, key=f"report-compare-{kind}", placeholder=text("reports.compare.none")
    )  # fmt: skip
    if number in names:
        with st.spinner(text("reports.comparing")):
            version = f"{held.version}.{data.tracing_version(reader.scope)}"
            found, units, purged = data.restated(*asked, int(number), bool(of.loc[number, "cases"]), version)
        _show_restated(number, found, units, purged, text)


def _show_restated(number, found, units, purged, text):
    if purged:
        st.caption(text("reports.purged"))
    if found.empty:
        st.success(text("reports.same", number=number))
        return
    st.warning(text("reports.restated", number=number, count=text.number(len(found))))
    st.html(report_panels.differences(report_panels.sort_differences(found).head(RESTATED), units, text))
    if len(found) > RESTATED:
        st.caption(text("reports.restated.cut", shown=text.number(RESTATED)))


def _show_filed(reader, unit, window, text):
    """Who has issued the report of the week that ended with the window, or before it, by its Thursday (I14)."""
    version, scope, *_ = data.ask_reports(reader)
    found = data.filed(version, scope, unit, window.last + timedelta(days=1), today())
    st.html(section(text("reports.filed", first=text.day(found.week.first), last=text.day(found.week.last))))
    total = found.total
    st.caption(text(
        "reports.filed.said", due=text.day(found.due), on_time=text.number(total["on_time"]), due_count=text.number(total["due"]),
        rate=text.percent(total["rate"]),
    ))  # fmt: skip
    if found.unit.code not in set(found.rows["code"]):
        at, state = found.own
        key = "reports.filed.own" if at else "reports.filed.own_none"
        st.caption(text(key, unit=lower(found.unit.name), state=text(f"reports.state.{state}"), when=text.moment(at)))
    st.html(report_panels.filed(found, text))
