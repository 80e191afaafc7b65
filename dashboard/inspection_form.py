"""The form by which a team enters or corrects the result of an inspection: made for a telephone held in one hand."""

import pandas as pd
import streamlit as st

from dashboard import data
from dashboard.data_panels import section
from dashboard.inspection_parts import say_refusal, say_result, venue_card
from geo.db import today
from geo.errors import DatabaseError, InspectionError
from geo.inspections import OUTCOMES
from geo.personal import holds_person
from geo.plans import COUNTED, LONGEST, STEPS, enter

_YES_NO = ("yes", "no")
FIELDS = ("inspected_on", "outcome", "posted", "supervised", "minutes", "head_count", "scanned", "note")  # of a worklist's row


def show_form(reader, held, worklist, row, kinds, text):
    """All that is known of a venue, and the form; row: of the worklist."""
    st.button(text("inspection.back"), key="back-to-list", on_click=close)
    st.html(venue_card(row, kinds.get(row["kind"], row["kind"]), text))
    _show_ladder(reader, held, worklist, row, text)
    correcting = None
    if pd.notna(row["inspection"]):
        _show_corrected(reader, held, row, text)
        options = ["correct", "new"]
        which = st.segmented_control(
            text("inspection.which"), options, default="correct", key=f"which-{row['code']}", required=True, width="stretch",
            format_func=lambda option: text(f"inspection.which.{option}", **({"day": text.day(row["inspected_on"])} if option == "correct" else {})),
        )  # fmt: skip
        correcting = int(row["inspection"]) if which == "correct" else None
    _show_fields(reader, held, worklist, row, correcting, text)


def open_form(code):
    """Go to the form of a venue; for callbacks."""
    st.session_state.update(inspecting=code)


def close():
    """Back to the list; for callbacks."""
    st.session_state.update(inspecting=None)


def _show_ladder(reader, held, worklist, row, text):
    """The steps that the venue has climbed, and which a reminder would be: told, never taken."""
    steps = data.inspection_ladder(held.version, reader.scope, worklist.unit.code, worklist.day, max(worklist.day, today()), row["code"])
    if steps.empty:
        return
    lines = [f"- {text.day(step.inspected_on)}: {text(f'inspection.step.{step.step}')}" for step in steps.itertuples()]
    count = int((steps["outcome"] == "reminded").sum())
    if pd.isna(row["inspection"]) and count:
        said = "inspection.ladder.next" if count < len(STEPS) else "inspection.ladder.full"
        lines.append(text(said, count=text.number(count), next=text.number(count + 1)) if count < len(STEPS) else text(said))
    st.html(section(text("inspection.ladder.title")))
    st.markdown("\n".join(lines))


def _show_corrected(reader, held, row, text):
    found = data.corrected(held.version, reader.scope, int(row["inspection"]))
    if found.empty:
        return
    st.html(section(text("inspection.corrected")))
    for each in found.to_dict("records"):
        st.caption(text(
            "inspection.corrected.line", when=text.moment(each["corrected_at"]), day=text.day(each["inspected_on"]),
            outcome=text(f"inspection.outcome.{each['outcome']}"), told=say_result(each, text),
        ))  # fmt: skip


def _show_fields(reader, held, worklist, row, correcting, text):
    """The fields, filled with what was told before where it is corrected."""
    was = {name: None if not correcting or pd.isna(row[name]) else row[name] for name in FIELDS}
    own = f"{row['code']}-{correcting or 'new'}"

    def choose(name, options, before, words, label=None, **layout):
        return st.segmented_control(
            label or text(f"inspection.{name}"), options, default=before, key=f"{name}-{own}", width="stretch",
            format_func=lambda option: text(words.format(option)) if isinstance(option, str) else text(words, minutes=option), **layout,
        )  # fmt: skip

    def flag(value):
        return None if value is None else _YES_NO[not value]

    def count(name):
        before = None if was[name] is None else int(was[name])
        return st.number_input(text(f"inspection.{name}"), 0, 100_000, before, step=1, key=f"{name}-{own}", placeholder="–")

    first, last = worklist.campaign.first_day, worklist.day  # the campaign's last day, or today before that
    solution = data.solution(held.version, reader.scope, worklist.unit.code, worklist.day)
    with st.form(f"result-{own}", border=False):
        day = st.date_input(text("inspection.on"), was["inspected_on"] or last, first, last, format="DD/MM/YYYY", key=f"on-{own}")
        posted = choose("posted", _YES_NO, flag(was["posted"]), "inspection.{}", text(f"inspection.posted.{solution}"))
        supervised = choose("supervised", _YES_NO, flag(was["supervised"]), "inspection.{}")
        before = None if was["minutes"] is None else min(COUNTED, key=lambda each: abs(each - was["minutes"]))
        minutes = choose("minutes", list(COUNTED), before, "inspection.minutes.some")
        heads, scanned = count("head_count"), count("scanned")
        outcome = st.radio(
            text("inspection.outcome"), OUTCOMES, OUTCOMES.index(was["outcome"]) if was["outcome"] is not None else None, key=f"outcome-{own}",
            format_func=lambda outcome: text(f"inspection.outcome.{outcome}"),
        )  # fmt: skip
        note = st.text_area(text("inspection.note"), was["note"] or "", max_chars=LONGEST["note"], key=f"note-{own}")
        st.caption(text("inspection.note.help"))
        saved = st.form_submit_button(text("inspection.save"), type="primary", width="stretch", key=f"save-{own}")
    if not saved:
        return
    missing = [text("inspection.on")] * (day is None) + [
        label for label, value in (
            (text(f"inspection.posted.{solution}"), posted), (text("inspection.supervised"), supervised), (text("inspection.outcome"), outcome),
        ) if value is None
    ]  # fmt: skip
    counts = (minutes, heads, scanned)
    if missing:
        st.error(text("inspection.missing", what="; ".join(each.rstrip("?") for each in missing)))
    elif len({value is None for value in counts}) > 1 or (heads is not None and scanned > heads):
        st.error(text("inspection.bad_count"))
    elif holds_person(note):
        st.error(text("inspection.personal"))
    else:
        try:
            enter(reader, worklist.campaign, row["code"], day, outcome, posted == "yes", supervised == "yes", *counts, note, correcting)
        except (InspectionError, DatabaseError) as error:
            st.error(say_refusal(error, text))
        else:
            st.session_state.update(inspecting=None, inspected=(row["name"], outcome))
            st.rerun()
