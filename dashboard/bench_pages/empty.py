"""Next to nothing: what Streamlit itself takes for a page and for a choice."""

import streamlit as st

st.set_page_config(layout="wide")
rate = st.segmented_control(
    "",
    ["creation_rate", "activity_rate", "cohort_rate"],
    key="rate",
    default="activity_rate",
    label_visibility="collapsed",
)
st.html(f'<p id="bench">{rate}</p>')
