"""Nhật ký truy cập: who did what, when and from where, the newest first; for admins."""

import streamlit as st

from dashboard.frame import page
from geo import db
from geo.audit import EVENTS, list_events

SHOWN = 500

with page("audit") as (text, reader):
    st.html(f'<header class="phuqr-header"><h1>{text("audit.title")}</h1></header>')
    left, right, language = st.columns([3, 3, 2])
    event = left.selectbox(
        text("audit.event"), [None, *EVENTS], format_func=lambda event: text(f"audit.{event or 'all'}"), key="event"
    )
    account = right.text_input(text("account"), key="audit_account").strip().lower().replace("\0", "")
    with db.reading(reader.scope) as connection:
        events = list_events(connection, SHOWN, account or None, event)
    rows = events.assign(
        at=[text.moment(at) for at in events["at"]], event=[text(f"audit.{event}") for event in events["event"]]
    )
    st.caption(text("audit.count", count=text.number(len(rows))))
    titles = {name: text(name if name == "account" else f"audit.{name}") for name in rows}
    st.dataframe(rows, hide_index=True, height=600, column_config=titles, placeholder="")
