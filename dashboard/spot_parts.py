"""The parts of the page of hotspots for who may see cases: what it read, its figures, the map with its marks, the list, and one venue."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, panels, state, tracing_panels
from dashboard.app import geometry_url
from dashboard.data_panels import section
from dashboard.legend import PALETTE, classify, legend_entries
from dashboard.map_panel import map_labels
from dashboard.maps import OUTSIDE, commune_map, paint
from dashboard.timeline import day_chart
from geo.audit import Actor
from geo.coverage import Holdings
from geo.decisions import review_hotspot
from geo.errors import DatabaseError, TracingError
from geo.hotspots import BEHIND, Hotspots, share_by
from geo.schema_tracing import REVIEW_STATES
from geo.tracing import Gap
from geo.units import LEVELS, communes_within

MAP_HEIGHT = 480
RATE = "activity_rate"  # what the communes under the marks are coloured by


@dataclass(frozen=True)
class View:
    """What an account looks at: the hotspots with news, clusters and when it last looked; the gap, its weeks and agencies."""

    reader: Actor
    held: Holdings
    asked: tuple  # how dashboard.data was asked for cases: version, scope, account, address, opened, unit
    hotspots: Hotspots
    clusters: pd.DataFrame
    before: datetime | None
    gaps: dict[str, Gap]
    weeks: pd.DataFrame
    agencies: pd.DataFrame

    @property
    def window(self):
        return self.hotspots.window

    @property
    def behind(self):
        """The gap of the communes that lag in activity, or are to be watched, and where cases were: the first to go to first."""
        rows = self.gaps["commune"].rows
        rows = rows.assign(activity=rows["code"].map(self.hotspots.verdicts))
        rows = rows[rows["activity"].isin(BEHIND) & (rows["declared"] + rows["unknown"] > 0)]
        missed = rows["declared"] - rows["covered"]
        order = rows.assign(place=rows["activity"].map(BEHIND.index), missed=missed)
        return order.sort_values(["place", "missed", "declared", "code"], ascending=[True, False, False, True])

    @property
    def gap(self):
        """The gap of the unit, by whatever it is told."""
        return next(iter(self.gaps.values()))


def read_view(reader, held, filters, atlas):
    """The View of a unit and window; each that the account had not before it since the page was opened goes on record."""
    asked = data.ask_cases(reader, held, filters.unit)
    days, level = (filters.window.first, filters.window.last), atlas.units[filters.unit].level
    bys = tuple(by for by in ("district", "commune", "kind", "department") if by not in LEVELS or LEVELS[by] > min(level, 2))
    return View(reader, held, asked, *data.hotspots(*asked, *days), *data.gap(*asked, *days, bys))


def show_news(view, text):
    """What is new since the account last looked."""
    if view.before is None:
        said = text("hotspots.news.first")
    else:
        counts = view.hotspots.rows["news"].value_counts()
        new, more = (int(counts.get(news, 0)) for news in ("new", "more"))
        key = "hotspots.news" if new or more else "hotspots.news.none"
        said = text(key, when=text.moment(view.before), new=text.number(new), more=text.number(more))
    st.html(f'<p class="phuqr-news" role="status">{said} {text("hotspots.place")}</p>')


def show_cards(view, text):
    """The three figures of the unit."""
    st.html(tracing_panels.cards([
        tracing_panels.spot_card(view.hotspots, text),
        tracing_panels.little_card(view.hotspots, view.behind, text),
        tracing_panels.gap_card(view.gap.total, view.window, text),
    ]))  # fmt: skip
    if not view.gap.visits_known:
        st.info(text("hotspots.no_visits"))


def show_spots(view, coverage, atlas, text):
    """The map beside the list, then the chosen venue and the kinds."""
    rows, names = view.hotspots.rows, kind_names(view, text)
    chosen = st.session_state.get("venue")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_map(view, coverage, atlas, names, chosen, text)
        if len(rows):
            st.html(section(text("hotspots.shares")) + tracing_panels.shares(share_by(view.hotspots.found, "kind"), names, text))
    with right:
        show_list(view, names, chosen, text)
        show_behind(view, coverage, atlas, text)
    here = rows[rows["venue_code"] == chosen]
    if len(here):
        show_venue(view, here.iloc[0], names, text)


def choose_venue(code):
    """Open a venue elsewhere than in the list, or with None close it; for callbacks."""
    state.overrule_table("venue")
    st.session_state.venue = code


def kind_names(view, text):
    """Code of a kind of venue -> its name in the reader's language."""
    kinds = data.kinds(view.held.version, view.reader.scope)
    return {code: names[text.language != "vi"] for code, names in kinds.items()}


def show_map(view, coverage, atlas, names, chosen, text):
    """The communes by their activity, which the marks lie on: a hotspot where little is scanned is the worse."""
    reader, held, unit = view.reader, view.held, view.hotspots.unit
    top = atlas.top(unit.code)
    rates = coverage.rows.set_index("code")
    classes = classify(rates, RATE)
    codes = communes_within(atlas.units, top.code)
    behind = {code: verdict for code, verdict in view.hotspots.verdicts.items() if verdict in BEHIND}
    box = {code: data.bounds(held.version, reader.scope, atlas.vintage.id, code) for code in (top.code, unit.code)}
    colours = paint(
        geometry_url(atlas.vintage, top.code), box[top.code], codes, dict.fromkeys(codes, OUTSIDE) | classes.to_dict(), PALETTE,
        rates={code: text.percent(rate) for code, rate in rates[RATE].items()}, indicator=text(RATE),
        focus=box[unit.code] if unit.code != top.code else None, marks=behind,
        source=text("source", source=atlas.vintage.origin, valid_from=text.day(atlas.vintage.valid_from)),
    )  # fmt: skip

    def take_click():
        code = (st.session_state["hotspot-map"] or {}).get("venue")
        if code:
            choose_venue(code)

    st_folium(
        commune_map(map_labels(text, map=text("hotspots.map"))), key="hotspot-map", height=MAP_HEIGHT, use_container_width=True, returned_objects=[],
        feature_group_to_add=[colours, tracing_panels.mark_hotspots(view.hotspots, view.clusters, names, text, chosen)], on_change=take_click,
    )  # fmt: skip
    st.html(
        tracing_panels.spot_legend(view.hotspots.rows, view.clusters, view.hotspots.metres, text)
        + panels.legend(text(RATE), legend_entries(classes, RATE, text, marks=behind), text)
    )


def show_list(view, names, chosen, text):
    """The hotspots in the order of a leader's list; a row that is ticked opens its venue."""
    rows, everywhere = view.hotspots.rows, len(view.hotspots.found)
    st.markdown(f"**{text('hotspots.list', count=text.number(everywhere))}**")
    if rows.empty:
        st.caption(text("hotspots.none"))
        return
    if everywhere > len(rows):
        st.caption(text("hotspots.listed", shown=text.number(len(rows)), count=text.number(everywhere)))
    st.caption(text("hotspots.choose"))
    little = [text(f"verdict.{verdict}") if verdict in BEHIND else "" for verdict in rows["activity"]]
    reopened = rows["reopened"].map({True: f" ({text('hotspots.reopened')})", False: ""})
    table = pd.DataFrame({
        "hotspots.venue": rows["name"],
        "hotspots.grade": [text(f"hotspots.grade.{grade}") for grade in rows["grade"]],
        "hotspots.cases": rows["cases"],
        **({"hotspots.little": little} if any(little) else {}),
        "commune": rows["commune"],
        **({"hotspots.new": [text(f"hotspots.new.{news}") if news else "" for news in rows["news"]]} if any(rows["news"]) else {}),
        "district_short": rows["district"],
        "hotspots.kind": [names.get(kind, kind) for kind in rows["kind"]],
        "hotspots.exposed": [tracing_panels.exposed(row, text) for _, row in rows.iterrows()],
        "hotspots.meetings": rows["meetings"],
        "hotspots.last": [text.moment(moment) for moment in rows["last_at"]],
        "hotspots.state": [text(f"hotspots.state.{state}") for state in rows["shown"]] + reopened,
    })  # fmt: skip
    key, codes = f"spots-{view.hotspots.unit.code}", list(rows["venue_code"])
    take_row = state.tick_row("venue", key, codes, chosen)
    st.dataframe(
        table, key=key, hide_index=True, height=min(440, 38 + 35 * len(table)), on_select=take_row, selection_mode="single-row",
        column_config={name: st.column_config.Column(text(name), pinned=name == "hotspots.venue") for name in table},
    )  # fmt: skip


def show_behind(view, coverage, atlas, text):
    """The communes that cases were in and that scan little, hotspots or none."""
    rows = view.behind
    if rows.empty:
        return
    st.markdown(f"**{text('behind.list', count=text.number(len(rows)))}**")
    st.caption(text("behind.help"))
    rates = coverage.rows.set_index("code")[RATE]
    found = view.hotspots.found
    spots = found.loc[found["shown"] != "closed", "commune_code"].value_counts()
    table = pd.DataFrame({
        "commune": rows["name"],
        "hotspots.little": [text(f"verdict.{verdict}") for verdict in rows["activity"]],
        "gap.missed": [f"{text.number(missed)}/{text.number(declared)}" for missed, declared in zip(rows["missed"], rows["declared"], strict=True)],
        RATE: [text.percent(rates[code]) for code in rows["code"]],
        "hotspots.legend": [text.number(spots.get(code, 0)) for code in rows["code"]],
        "district_short": [atlas.units[parent].name for parent in rows["parent_code"]],
    })  # fmt: skip
    st.dataframe(
        table, hide_index=True, height=min(320, 38 + 35 * len(table)),
        column_config={name: st.column_config.Column(text(name), pinned=name == "commune") for name in table},
    )  # fmt: skip


def show_venue(view, row, names, text):
    """One hotspot: why it is one, its days as pictures, and its review."""
    days = view.hotspots.first, view.window.last
    timeline, decisions = data.visited_venue(*view.asked, int(row["venue_id"]), *days)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.html(tracing_panels.venue_panel(row, names.get(row["kind"], row["kind"]), text) + section(text("hotspots.timeline")))
        st.caption(text("hotspots.timeline.help"))
        for day in timeline.days:
            show_day(timeline, day, text)
    with right:
        show_review(view, row, text)
        st.html(section(text("hotspots.history")) + tracing_panels.history(decisions, text))
        st.button(text("hotspots.hide"), key="close-venue", on_click=choose_venue, args=(None,))


def show_day(timeline, day, text):
    """The visits of a day over its scans, and what is known of these where their hours are not."""
    hours = timeline.hours[timeline.hours["day"] == day]
    whole = hours[hours["hour"].isna()]
    said = ""
    if len(whole):
        said = text("hotspots.timeline.day", count=text.number(whole["scans"].sum()))
    elif hours.empty:
        said = text("hotspots.timeline.none")
    st.markdown(f"**{text.day(day)}** {said}")
    st.altair_chart(day_chart(timeline.stays, timeline.hours, day, text), width="stretch", key=f"day-{day}")


def show_review(view, row, text):
    """The form by which a reviewer proposes, confirms or closes, with a reason."""
    st.html(section(text("hotspots.review")))
    st.caption(text("hotspots.review.by_person"))
    code, seen = row["venue_code"], view.held.version
    with st.form(f"review-{code}", clear_on_submit=True):
        reason = st.text_area(text("hotspots.review.reason"), max_chars=500, key=f"reason-{code}")
        buttons = st.container(horizontal=True)
        asked = [
            state for state in REVIEW_STATES[::-1] if state != row["shown"] and buttons.form_submit_button(text(f"hotspots.review.{state}"), key=f"{state}-{code}")
        ]
    if asked:
        decide(text, lambda: review_hotspot(view.reader, code, asked[0], reason, seen))
    show_told(text)


def decide(text, does):
    """Write a decision and show the page anew with it; what is refused is told."""
    try:
        does()
    except (TracingError, DatabaseError):
        st.session_state.decided = False
    else:
        st.session_state.decided = True
        st.session_state.decisions = st.session_state.get("decisions", 0) + 1
        st.rerun()


def show_told(text):
    """What came of the last decision, once."""
    told = st.session_state.pop("decided", None)
    if told is not None:
        (st.success if told else st.error)(text("hotspots.saved" if told else "hotspots.refused"))
