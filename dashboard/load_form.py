"""The page's form that takes a file: chosen, checked, looked at on the map and row by row, then loaded.

What is under way stands in one dict of the session (`job`), fetched before the work begins: a click meanwhile ends the
run at its next use of Streamlit, but loses nothing of what the command has told.
"""

import csv
import io
from itertools import pairwise

import streamlit as st
from rapidfuzz import fuzz
from streamlit_folium import st_folium

from dashboard import data, data_panels, panels
from dashboard.app import geometry_url
from dashboard.legend import PALETTE
from dashboard.loads import (
    FIRST,
    LARGEST,
    OF_COMMUNES,
    SUFFIXES,
    WITH_VINTAGE,
    LoadError,
    Offered,
    Spool,
    run_load,
    sha256,
)
from dashboard.map_panel import map_labels
from dashboard.maps import NO_DATA, SWATCHES, commune_map, paint
from geo.db import today
from geo.names import split_kind, strip_marks
from geo.units import communes_within, vintage_in_force

STEPS = (1, 10, 100, 1000, 10_000)  # lower bounds of the map's classes of rows
ONLY_REFUSED = "#d98324"
NAMES = 10  # names that can be told the meaning of at a time


def show_load(reader, held, text):
    """The form, and what the last check or load of the chosen file gave."""
    job = st.session_state.setdefault("job", {})
    st.caption(text("load.first"))
    kind = st.selectbox(
        text("kind"), OF_COMMUNES, OF_COMMUNES.index("venues"), format_func=lambda kind: text(f"kind.{kind}"), key="load-kind",
        width=420,
    )  # fmt: skip
    options = choose_options(reader, held, kind, text)
    label = text("load.file", suffixes=", ".join(SUFFIXES), largest=LARGEST)
    uploaded = st.file_uploader(label, type=SUFFIXES, key=f"load-file-{kind}")
    with st.expander(text("load.mapping")):
        st.caption(text("load.mapping_help"))
        mapping = st.file_uploader(
            text("load.mapping"), type=["toml"], key=f"load-map-{kind}", label_visibility="collapsed"
        )
    asked = (kind, uploaded and uploaded.file_id, mapping and mapping.file_id, *options.items())
    if st.button(text("load.check"), type="primary", disabled=uploaded is None, key="load-check"):
        with st.spinner(text("load.checking")):
            keep(job, reader, asked, uploaded, mapping)
            check(job, reader)
        st.rerun()
    if uploaded is None:
        job.clear()
    elif job.get("asked") == asked:
        show_job(job, reader, held, text)


def choose_options(reader, held, kind, text):
    """What the command is told beside the file: the vintage of its units, where its rows do not tell the day."""
    vintages = data.vintages(held.version, reader.scope)
    if kind in WITH_VINTAGE and vintages:
        days = [vintage.valid_from for vintage in vintages]
        in_force = days.index(vintage_in_force(vintages, held.scans_until or today()).valid_from)
        chosen = st.selectbox(
            text("load.vintage"), days, in_force, key=f"load-vintage-{kind}", width=420,
            format_func=lambda day: text("load.vintage_one", day=text.day(day)),
        )  # fmt: skip
        return {"vintage": chosen}
    return {}


def keep(job, reader, asked, uploaded, mapping):
    """Put the uploaded files into the session's folder, in place of those of before."""
    spool = Spool()
    path = spool.keep(uploaded.name, uploaded.getbuffer())
    job.clear()
    job.update(
        asked=asked, spool=spool, kind=asked[0], options=dict(asked[3:]), name=uploaded.name, path=path, sha256=sha256(path),
        mapping=spool.keep(mapping.name, mapping.getbuffer()) if mapping else None,
    )  # fmt: skip


def check(job, reader):
    """Run the command without its writing anything."""
    job.update(checked=None, loaded=None, offered=None, error=None)
    findings = job["spool"].folder / f"{job['path'].stem}-can-sua.xlsx"
    findings.unlink(missing_ok=True)
    _attempt(job, "checked", reader, job["path"], dry_run=True, findings=findings)
    if findings.is_file():
        job["offered"] = Offered(reader.name, findings, findings.name)
    if job["checked"] and job["checked"].is_unread():
        job["path"].unlink()


def load(job, reader):
    """Load the very file that was checked."""
    if not job["path"].is_file() or sha256(job["path"]) != job["sha256"]:
        job["error"] = "changed"
    else:
        _attempt(job, "loaded", reader, job["path"])
        if job["loaded"]:
            job["path"].unlink()


def _attempt(job, what, reader, path, **more):
    try:
        job[what] = run_load(job["kind"], path, reader.name, mapping=job["mapping"], **job["options"], **more)
        job["error"] = None
    except LoadError as error:
        job["error"] = error.why


def show_job(job, reader, held, text):
    """What came of the chosen file."""
    if job.get("error"):
        st.error(text(f"load.error.{job['error']}"))
    if loaded := job.get("loaded"):
        show_loaded(job, loaded, text)
    elif checked := job.get("checked"):
        show_checked(job, checked, reader, held, text)


def show_loaded(job, loaded, text):
    """What was loaded, and what remains to be mended."""
    if loaded["error"]:
        st.html(data_panels.notice("bad", text("load.refused_whole"), [data_panels.in_page(loaded["error"])]))
        return
    if loaded["same_as"]:
        st.html(data_panels.notice("calm", text("load.same", run=loaded["same_as"]), [text("load.again")]))
        return
    said = [text("load.sample_gone")] * bool(loaded["sample_removed"]) + [text("load.again")]
    st.html(data_panels.notice("good", text("load.done", file=job["name"], run=loaded["run"]), said))
    st.html(data_panels.tally(loaded, text))
    show_offered(job, text)


def show_checked(job, checked, reader, held, text):
    """The figures, the map, what was found, names to tell the meaning of, and the button that loads."""
    st.html(data_panels.section(text("load.checked", file=job["name"])))
    if not checked.is_unread():
        st.html(data_panels.tally(checked, text))
    said = [*checked["notes"]] + [text("load.ignored", titles=", ".join(checked["ignored"]))] * bool(checked["ignored"])
    said += [text("load.sample")] * bool(checked["sample_removed"])
    if checked["error"]:
        st.html(data_panels.notice("bad", text("load.refused_whole"), [data_panels.in_page(checked["error"]), *said]))
    elif said:
        st.html(data_panels.notice("calm", text("sheet.note"), said))
    if checked["restated"]:
        st.markdown(f"**{text('load.restated')}**")
        st.html(data_panels.restated(checked["restated"], text))
    show_where(checked, reader, held, text)
    show_findings(job, checked, text)
    show_names(job, checked, reader, held, text)
    if not checked["error"] and checked["rows_loaded"]:
        label = text("load.load", count=text.number(checked["rows_loaded"]))
        if st.button(label, type="primary", key="load-load"):
            with st.spinner(text("load.loading")):
                load(job, reader)
            st.rerun()


def find_atlas(checked, reader, held):
    """The units that most rows of the file are in, or None where none of them is known yet."""
    counts = {}
    for row in checked["communes"]:
        counts[row["vintage"]] = counts.get(row["vintage"], 0) + row["loaded"] + row["refused"]
    known = {vintage.id: vintage.valid_from for vintage in data.vintages(held.version, reader.scope)}
    best = max((vintage for vintage in counts if vintage in known), key=counts.get, default=None)
    return data.atlas(held.version, reader.scope, known[best]) if best is not None else None


def classify_rows(row):
    """A commune's class on the map of rows: an index into PALETTE, one past it where all its rows were refused."""
    return sum(row["loaded"] >= step for step in STEPS) - 1 if row["loaded"] else len(PALETTE)


def show_where(checked, reader, held, text):
    """The communes coloured by how many rows would be loaded, and the same as a table."""
    atlas = find_atlas(checked, reader, held)
    if atlas is None:
        return
    rows = {
        row["commune_code"]: row
        for row in checked["communes"]
        if row["vintage"] == atlas.vintage.id and row["commune_code"] in atlas.units
    }
    tops = [atlas.top(code).code for code in rows if atlas.units[code].in_scope]
    if not tops:
        return
    top = max(tops, key=tops.count)
    classes = {code: classify_rows(row) for code, row in rows.items()}
    st.markdown(f"**{text('load.where')}**")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        refused = {
            code: text("load.rows_of", refused=text.number(row["refused"]))
            for code, row in rows.items()
            if row["refused"]
        }
        districts = {atlas.units[code].parent_code for code in rows}
        near = [code for district in districts for code in communes_within(atlas.units, district)]
        codes = communes_within(atlas.units, top)
        box = data.bounds(held.version, reader.scope, atlas.vintage.id, top)
        parts = [data.bounds(held.version, reader.scope, atlas.vintage.id, district) for district in districts]
        colours = paint(
            geometry_url(atlas.vintage, top), box, codes, classes, [*PALETTE, ONLY_REFUSED], fractions=refused,
            focus=None if len(near) == len(codes) else [pick(edge) for pick, edge in zip((min, min, max, max), zip(*parts))],
            indicator=text("load.where_map"),
            rates={code: text("load.rows", count=text.number(row["loaded"])) for code, row in rows.items()},
            source=text("source", source=atlas.vintage.origin, valid_from=text.day(atlas.vintage.valid_from)),
        )  # fmt: skip
        st_folium(
            commune_map(map_labels(text, map=text("load.where_map"))),
            key="load-where",
            height=400,
            use_container_width=True,
            returned_objects=[],
            feature_group_to_add=colours,
        )
        entries = row_legend(classes, text)
        if others := len(communes_within(atlas.units, top)) - len(classes):
            entries.append((SWATCHES[NO_DATA], text("load.no_rows"), others))
        st.html(panels.legend(text("load.where_map"), entries, text))
    with right:
        unplaced = checked["rows_refused"] - sum(row["refused"] for row in rows.values())
        st.html(data_panels.commune_rows(rows, atlas.units, unplaced, text))


def row_legend(classes, text):
    """The classes of the map of rows that some commune has: colour, label, number of communes."""
    found = list(classes.values())
    labels = [
        text("load.between", low=text.number(low), high=text.number(high - 1)) for low, high in pairwise(STEPS)
    ] + [text("load.more", low=text.number(STEPS[-1])), text("load.only_refused")]
    return [
        (colour, label, found.count(key))
        for key, (colour, label) in enumerate(zip([*PALETTE, ONLY_REFUSED], labels, strict=True))
        if key in found
    ]


def show_findings(job, checked, text):
    """What was found, by rule; the first rows of each, and all of them to take away."""
    if not checked.rules:
        if not checked["error"]:
            st.caption(text("load.no_findings"))
        return
    st.markdown(f"**{text('load.findings')}**")
    show_offered(job, text)
    for place, rule in enumerate(checked.rules):
        reason = rule.reason if text.language == "vi" else text.rule(rule.rule)
        sort = text("load.refused" if rule.refused else "load.warned")
        label = text("load.rule", sort=sort, reason=reason, count=text.number(rule.count))
        with st.expander(label, expanded=place == 0):
            st.html(data_panels.findings(rule, text))
            if rule.count > len(rule.first):
                st.caption(text("load.more_rows", count=text.number(FIRST), all=text.number(rule.count)))


def show_offered(job, text):
    """The link to the rows to mend, if there are any."""
    if job.get("offered"):
        st.html(data_panels.download(f"/data/checked/{job['offered'].token}.xlsx", text("load.download")))


def show_names(job, checked, reader, held, text):
    """Names of communes that no rule could match: a person tells which commune each means."""
    spelled = {name: remedy for rule in checked.rules for name, remedy in rule.spellings.items()}
    if not spelled:
        return
    version, scope = held.version, reader.scope
    atlas = find_atlas(checked, reader, held) or data.atlas(version, scope, held.scans_until or today())
    units = {code: unit for code, unit in atlas.units.items() if unit.level == 3 and unit.in_scope}
    full = {code: f"{unit.name}, {atlas.units[unit.parent_code].name}" for code, unit in units.items()}
    st.markdown(f"**{text('load.names')}**")
    st.caption(text("load.names_help"))
    told = {}
    for name, remedy in list(spelled.items())[:NAMES]:
        codes = sorted(
            units, key=lambda code: (units[code].name not in remedy, -likeness(name, units[code].name), code)
        )
        told[name] = st.selectbox(
            text("load.name", name=data_panels.plain(name)), codes, None, format_func=full.get, key=f"load-name-{name}",
            placeholder=text("load.name_none"), width=560,
        )  # fmt: skip
    told = {name: code for name, code in told.items() if code}
    if st.button(text("load.remember"), disabled=not told, key="load-remember"):
        with st.spinner(text("load.remembering")):
            remember(job, reader, atlas, told)
        st.rerun()
    if job.get("not_remembered"):
        st.html(data_panels.notice("bad", text("load.not_remembered", reason=job["not_remembered"]), []))


def likeness(typed, name):
    """How alike two names are without kind and diacritics, 0 to 100."""
    return fuzz.ratio(*(strip_marks(split_kind(each)[1]) for each in (typed, name)))


def remember(job, reader, atlas, told):
    """Load what names mean (name -> code of a commune), as the command takes it from a file, and check the file again."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(["alias", "district", "commune_code"])
    for name, code in told.items():
        above = atlas.units[atlas.units[code].parent_code]
        rows.writerow([name, above.name if above.level == 2 else "", code])
    path = job["spool"].keep("ten-goi-khac.csv", file.getvalue().encode())
    try:
        result = run_load("aliases", path, reader.name, vintage=atlas.vintage.valid_from)
    except LoadError as error:
        job.update(error=error.why)
        return
    refused = [found["reason"] for rule in result.rules if rule.refused for found in rule.first]
    job["not_remembered"] = result["error"] or "; ".join(dict.fromkeys(refused)) or None
    check(job, reader)
