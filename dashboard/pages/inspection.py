"""Kiểm tra: the worklist of a campaign by team, results entered on the spot, progress until the due day, and the reminder ladder."""

from html import escape
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard import data, inspection_parts, panels
from dashboard.data_panels import section
from dashboard.frame import default_unit, page
from dashboard.inspection_form import open_form, show_form
from geo.db import today
from geo.errors import DatabaseError, InspectionError
from geo.plans import ENTERING, LONGEST, PLANNING, add_exposed, choose_day, narrow
from geo.tracing import CASE_ROLES
from geo.units import LEVELS

SHOWN = 100  # venues of a list at most; a team has fewer
_PRINT = """<button class="phuqr-button phuqr-print">{label}</button>
<script>document.querySelector(".phuqr-print").addEventListener("click", () => window.print())</script>"""


def choose_place(reader, held, atlas, text):
    """The unit, its campaign and the team that is looked at, as chosen or as the address says; without a campaign None."""
    query = st.query_params
    units = [code for code, unit in atlas.units.items() if unit.in_scope and (unit.level < LEVELS["commune"] or code in atlas.tops())]
    where, which, who = st.container(key="inspection-choices").columns(3, gap="small")
    opening = query["unit"] if query.get("unit") in units else default_unit(held, atlas)
    unit = where.selectbox(
        text("inspection.unit"), units, units.index(opening), format_func=lambda code: atlas.units[code].name, key="inspection-unit"
    )
    known = {str(each.id): each for each in data.campaigns(reader.scope, unit, atlas.units) if each.first_day and each.target is None}
    if not known:
        st.info(text("inspection.none"))
        return unit, None, None
    asked = query.get("campaign")
    campaign = which.selectbox(
        text("inspection.campaign"), list(known), list(known).index(asked) if asked in known else len(known) - 1,
        format_func=lambda number: known[number].name, key="inspection-campaign",
    )  # fmt: skip
    return unit, known[campaign], who


def choose_team(worklist, place, text):
    """One of the teams that something is planned for, or None for all of them."""
    teams = sorted(set(worklist.rows["team"]))
    asked = st.query_params.get("team")
    return place.selectbox(
        text("inspection.team"), ["", *teams], teams.index(asked) + 1 if asked in teams else 0,
        format_func=lambda team: team or text("inspection.team.all"), key="inspection-team",
    ) or None  # fmt: skip


def show_heading(held, atlas, unit, campaign, text):
    """The page's heading with the campaign and when its report is due."""
    said = [text("banner_invented")] * held.invented + [text("banner_sketched")] * atlas.vintage.sketched
    if said:
        st.html(panels.banner(said))
    lines = []
    if campaign:
        due = text("inspection.before" if campaign.strict else "inspection.by", day=text.day(campaign.due_on))
        lines = [text("inspection.head", first=text.day(campaign.first_day), last=text.day(campaign.last_day), due=due)]
        left = (campaign.last_day - max(today(), campaign.first_day)).days
        key = "days_last" if left == 0 else "days_left" if left > 0 else "days_over"
        lines.append(text(f"inspection.{key}", **({"count": text.number(left)} if left > 0 else {})))
    st.html(panels.header(text("inspection.title"), " – ".join([atlas.units[unit].name, *([campaign.name] if campaign else [])]), lines))


def show_list(reader, held, whole, worklist, team, kinds, text):
    """What is to be inspected, by commune, then what was; the sheet to print and to fill in."""
    told = st.session_state.pop("inspected", None)
    if told:
        st.success(text("inspection.saved", name=told[0], outcome=text(f"inspection.outcome.{told[1]}")))
    until = worklist.until
    st.caption(text("inspection.order", until=text.day(until)) if until else text("inspection.order.unknown"))
    query = {"unit": worklist.unit.code, "campaign": worklist.campaign.id, "lang": text.language} | ({"team": team} if team else {})
    line = st.container(horizontal=True, key="inspection-sheets")
    line.html(_PRINT.format(label=escape(text("inspection.print"))), width="content", unsafe_allow_javascript=True)
    address = escape(f"/export/worklist.xlsx?{urlencode(query)}")
    line.html(f'<a class="phuqr-button" href="{address}">{escape(text("inspection.xlsx"))}</a>', width="content")
    st.html(inspection_parts.sheet(worklist, team, kinds, text))
    shown = worklist
    if reader.scope.role in CASE_ROLES and st.toggle(text("inspection.cases"), key="inspection-cases"):
        asked = data.ask_cases(reader, held, worklist.unit.code)
        exposed = data.exposed_venues(*asked, worklist.day)
        shown, missing = add_exposed(worklist, exposed), exposed["hotspot"] & ~exposed["venue_id"].isin(whole.rows["venue_id"])
        said = text("inspection.cases.note") + f" {text('inspection.cases.unplanned', count=text.number(missing.sum()))}" * bool(missing.any())
        st.html(f'<div class="phuqr-banner phuqr-screen" role="note">{escape(said)}</div>')
    done = shown.rows["inspection"].notna()
    with st.container(key="inspection-list"):
        for key, rows in (("todo", shown.rows[~done]), ("finished", shown.rows[done])):
            st.html(section(text(f"inspection.{key}", count=text.number(len(rows)))))
            show_venues(reader, rows.head(SHOWN), kinds, text)
            if len(rows) > SHOWN:
                st.caption(text("commune.cut", shown=text.number(SHOWN)))


def show_venues(reader, rows, kinds, text):
    """A card for each venue, by commune, with the way to its form for who enters results."""
    for code, inside in rows.groupby("commune_code", sort=False):
        first = inside.iloc[0]
        st.markdown(f"**{text('inspection.commune', commune=first['commune'], district=first['district'], count=text.number(len(inside)))}**")
        for row in inside.to_dict("records"):
            with st.container(border=True, key=f"venue-{row['venue_id']}"):
                told, does = st.columns([5, 1], vertical_alignment="center")
                told.html(inspection_parts.venue_card(row, kinds.get(row["kind"], row["kind"]), text))
                if reader.scope.role in ENTERING:
                    label = text("inspection.enter" if pd.isna(row["inspection"]) else "inspection.change")
                    does.button(label, key=f"enter-{row['code']}", width="stretch", on_click=open_form, args=(row["code"],))


def show_progress(reader, worklist, atlas, text):
    """I13, I8 and I9 so far, and by district, commune or team."""
    level = atlas.units[worklist.unit.code].level
    options = [by for by in ("district", "commune") if LEVELS[by] >= level and (by == "commune" or level == 1)] + ["team"]
    if not any(unit.level == LEVELS["district"] for unit in atlas.units.values()):
        options = [by for by in options if by != "district"]
    place = st.container()
    by = st.segmented_control(
        text("inspection.by_label"), options, default=options[0], key="inspection-by", required=True, format_func=lambda by: text(f"inspection.by.{by}")
    )
    found = data.inspection_progress(reader.scope, worklist.campaign, worklist.unit.code, worklist.day, by)
    place.html(inspection_parts.progress_cards(found, text) + inspection_parts.outcomes(found.total, text))
    st.html(inspection_parts.progress_table(found, by, text))


def show_ladder(reader, held, unit, day, text):
    """The reminder ladder of all venues of the unit."""
    st.caption(text("inspection.ladder.rule"))
    rows = data.inspection_ladder(held.version, reader.scope, unit, day, max(day, today()))
    if rows.empty:
        st.info(text("inspection.ladder.none"))
    else:
        st.html(inspection_parts.ladder_table(rows, text))


def show_plan(reader, campaign, unit, day, kinds, text):
    """The form that plans the riskiest venues for each team."""
    st.caption(text("inspection.plan.help"))
    told = st.session_state.pop("planned", None)
    if told:
        st.success(text("inspection.plan.saved", count=text.number(told)))
    with st.form("inspection-plan"):
        teams = st.text_area(text("inspection.plan.teams"), key="plan-teams", max_chars=20 * LONGEST["team"])
        each = st.number_input(text("inspection.plan.each"), 1, 1000, 20, step=1, key="plan-each")
        chosen = st.multiselect(
            text("inspection.kinds"), list(kinds), [kind for kind in campaign.kinds or () if kind in kinds], format_func=kinds.get, key="plan-kinds",
            placeholder=text("inspection.kinds.all"),
        )  # fmt: skip
        asked = st.form_submit_button(text("inspection.plan.save"), type="primary")
    if asked:
        names = [name.strip() for name in teams.splitlines() if name.strip()]
        try:
            planned = data.make_plan(reader, campaign, unit, day, names, int(each), chosen or list(kinds))
        except (InspectionError, DatabaseError) as error:
            st.error(inspection_parts.say_refusal(error, text))
        else:
            st.session_state.planned = len(planned)
            st.rerun()


with page("inspection") as (text, reader):
    held = data.holdings(reader.scope)
    heading = st.container()
    atlas = data.atlas(held.version, reader.scope, held.scans_until or today())
    if not atlas.tops():
        st.info(text("error.no_scope"))
        st.stop()
    unit, campaign, place = choose_place(reader, held, atlas, text)
    day = campaign and choose_day(campaign)
    with heading:
        show_heading(held, atlas, unit, campaign, text)
    if campaign:
        kinds = {code: names[text.language != "vi"] for code, names in data.kinds(held.version, reader.scope).items()}
        whole = data.inspection_worklist(reader.scope, campaign, unit, day)
        team = choose_team(whole, place, text)
        worklist = narrow(whole, team)
        open_one = worklist.rows[worklist.rows["code"] == st.session_state.get("inspecting")]
        if len(open_one) and reader.scope.role in ENTERING:
            show_form(reader, held, worklist, open_one.iloc[0].to_dict(), kinds, text)
        else:
            parts = ["list", "progress", "ladder"] + ["plan"] * (reader.scope.role in PLANNING)
            part = st.segmented_control(
                text("inspection.section"), parts, default=parts[0], key="inspection-part", required=True, width="stretch",
                format_func=lambda part: text(f"inspection.section.{part}"), label_visibility="collapsed",
            )  # fmt: skip
            if part == "plan":
                show_plan(reader, campaign, unit, day, kinds, text)
            elif part == "ladder":
                show_ladder(reader, held, unit, day, text)
            elif whole.rows.empty:
                st.info(text("inspection.unplanned"))
            elif part == "progress":
                show_progress(reader, whole, atlas, text)
            else:
                show_list(reader, held, whole, worklist, team, kinds, text)
