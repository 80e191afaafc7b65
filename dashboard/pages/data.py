"""Số liệu: files taken in, the loads there were, how fresh what is loaded is, and its quality (I15)."""

from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import data, data_panels, panels
from dashboard.frame import page
from dashboard.load_form import show_load
from dashboard.loads import KINDS
from dashboard.navigation import LOADING
from dashboard.state import read_window
from geo import db
from geo.quality import list_findings
from geo.units import LEVELS

RUN_COLUMNS = ["id", "at", "kind", "file_name", "loaded_by", "rows_in", "rows_loaded", "rows_refused", "rows_changed",
               "rows_taken_back", "warnings", "error"]  # fmt: skip


def show_runs(reader, held, text):
    """The loads, the newest first; the one chosen in full, with its findings to take away."""
    kinds = ["all", *KINDS]
    asked = st.query_params.get("run_kind")
    kind = st.selectbox(
        text("kind"), kinds, kinds.index(asked) if asked in kinds else 0, key="run-kind", width=420,
        format_func=lambda kind: text(f"kind.{kind}"),
    )  # fmt: skip
    if kind != (asked or "all"):
        st.query_params["run_kind"] = kind
    runs = data.runs(held.version, reader.scope, None if kind == "all" else kind)
    if runs.empty:
        st.info(text("run.none"))
        return
    st.caption(text("run.count", count=text.number(len(runs))))
    invented = runs["invented"].astype(bool)
    shown = {name: runs[name].mask(invented, text("run.sample")) for name in ("file_name", "loaded_by")}
    runs = runs.assign(**shown)
    named = [text(f"kind.{each}") for each in runs["kind"]]
    rows = runs.assign(at=runs["started_at"], kind=named)[RUN_COLUMNS]
    counts = {name: text.number for name in RUN_COLUMNS if name.startswith("rows_") or name == "warnings"}
    titles = {name: text(f"run.{name}") for name in rows}
    titles["at"] = st.column_config.DatetimeColumn(titles["at"], format="DD/MM/YYYY HH:mm", timezone=db.TIME_ZONE)
    chosen = st.dataframe(
        rows.style.set_uuid("runs").format(counts), hide_index=True, key=f"runs-{kind}", on_select="rerun", selection_mode="single-row",
        column_config=titles, height=min(420, 38 + 35 * len(rows)), placeholder="",
    ).selection.rows  # fmt: skip
    if chosen and chosen[0] < len(runs):
        found = runs.iloc[chosen[0]]
        st.html(data_panels.run(found, text))
        with db.reading(reader.scope) as connection:
            to_tell = len(list_findings(connection, int(found["id"]), 1))
        if to_tell:
            address = f"/data/findings/{found['id']}.xlsx?lang={text.language}"
            st.html(data_panels.download(address, text("run.download")))
        elif not found["error"]:
            st.caption(text("run.nothing"))


def hours_since(moment):
    """Whole hours from a moment to now; None for no moment."""
    return None if pd.isna(moment) else int((datetime.now(UTC) - moment).total_seconds() // 3600)


def show_freshness(reader, held, sources, quality, text):
    """By source and by commune, how long ago; those that are overdue first."""
    st.markdown(f"**{text('source.list')}**")
    known = sources.set_index("kind")
    lines = []
    for kind in KINDS:
        at, day = known.loc[kind, ["loaded_at", "last_day"]] if kind in known.index else (None, None)
        told = text("source.never") if pd.isna(at) else text.moment(at)
        lines.append([
            text(f"kind.{kind}"), told, text.number(hours_since(at)), text.number(None) if pd.isna(day) else text.day(day),
        ])  # fmt: skip
    st.html(data_panels.sources(lines, text))
    communes = quality.rows.sort_values(["days_without", "code"], ascending=[False, True], na_position="first")
    st.markdown(f"**{text('fresh.communes', count=text.number(len(communes)))}**")
    st.caption(text("fresh.help", day=text.day(quality.newest)) if quality.newest else text("fresh.help_none"))
    names = data.atlas(held.version, reader.scope, quality.vintage.valid_from).units
    table = pd.DataFrame({
        "commune": communes["name"], "last_day": communes["last_day"], "days_without": communes["days_without"],
        "venues": communes["venues"], "district_short": [names[code].name for code in communes["parent_code"]],
    })  # fmt: skip
    titles = {name: text(name if name in ("commune", "district_short") else f"fresh.{name}") for name in table}
    titles["last_day"] = st.column_config.DateColumn(titles["last_day"], format="DD/MM/YYYY")
    st.dataframe(
        table.style.set_uuid("fresh").format({"days_without": text.number, "venues": text.number}), hide_index=True, height=420,
        column_config=titles, placeholder=text("fresh.never"), key="fresh-communes",
    )  # fmt: skip


def find_matched(runs, sources):
    """Rows with a known venue, and rows in, of the load that `sources` has of scans; None without one."""
    of_scans = sources.loc[sources["kind"] == "scans", "run"].dropna()
    taken = runs[runs["id"].isin(of_scans)]
    return (
        (taken["rows_in"].iloc[0] - taken["unknown_venues"].iloc[0], taken["rows_in"].iloc[0]) if len(taken) else None
    )


def show_quality(reader, held, sources, asked, window, text):
    """The four headings, and their shares by commune, district or province."""
    unit, vintage = asked
    cards = st.container()
    by = st.segmented_control(
        text("by"), list(LEVELS)[::-1], default="district", key="quality-by", required=True,
        format_func=lambda by: text(f"by.{by}"),
    )  # fmt: skip
    if LEVELS[by] < unit.level:
        by = "commune"
    quality = data.quality(
        held.version, reader.scope, unit.code, vintage, window.first, window.last, held.scans_until, by
    )
    days = {"first": text.day(window.first), "last": text.day(window.last)}
    newest = "quality.newest" if held.scans_until else "quality.newest_none"
    days["newest"] = text(newest, day=text.day(held.scans_until or window.last))
    loaded = dict(zip(sources["kind"], sources["loaded_at"], strict=True))
    hours = {kind: hours_since(loaded.get(kind)) for kind in ("register", "venues", "scans")}
    matched = find_matched(data.runs(held.version, reader.scope, "scans"), sources)
    with cards:
        st.html(data_panels.quality_cards(quality.total, sources, matched, hours, days, text))
        st.caption(text("quality.days", window=text.window(window), valid_from=text.day(vintage.valid_from)))
        if quality.elsewhere:
            st.warning(text("quality.elsewhere", count=text.number(quality.elsewhere)))
    st.html(data_panels.quality_rows(quality, text))


with page("data") as (text, reader):
    held = data.holdings(reader.scope)
    st.html(panels.header(text("data.title"), "", [text("as_of", when=text.moment(held.as_of))]))
    if held.invented:
        st.html(panels.banner([text("banner_invented")]))
    loading = reader.scope.role in LOADING
    sections = ["load"] * loading + ["history", "freshness", "quality"]
    opened = st.session_state.setdefault("data-section", "history" if "run_kind" in st.query_params else sections[0])
    tabs = dict(
        zip(sections, st.tabs([text(f"data.{name}") for name in sections], default=text(f"data.{opened}")), strict=True)
    )
    if loading:
        with tabs["load"]:
            show_load(reader, held, text)
    with tabs["history"]:
        show_runs(reader, held, text)
    window = read_window(st.query_params, held.scans_until or db.today())
    atlas = data.atlas(held.version, reader.scope, held.scans_until or db.today())
    tops = atlas.tops()
    if not tops:
        st.info(text("error.no_scope"))
        st.stop()
    sources = data.sources(held.version, reader.scope)
    place = st.session_state.get("quality-unit", tops[0])
    unit = atlas.units[place if place in tops else tops[0]]
    asked = (unit.code, atlas.vintage, window.first, window.last, held.scans_until)
    with tabs["freshness"]:
        show_freshness(reader, held, sources, data.quality(held.version, reader.scope, *asked, "commune"), text)
    with tabs["quality"]:
        if len(tops) > 1:
            st.selectbox(
                text("area"), tops, format_func=lambda code: atlas.units[code].name, key="quality-unit", width=420
            )
        show_quality(reader, held, sources, (unit, atlas.vintage), window, text)
