"""Where every page begins: Streamlit is told of the pages that the reader may open, and of no other."""

import streamlit as st

from dashboard import data
from dashboard.frame import open_pages
from geo.errors import PhuqrError

try:
    reader = data.reader()
    # Without a reader the map, which then leads to the sign-in page
    role = reader.scope.role if reader else "leader"
except PhuqrError:  # which the page asked for meets as well, and tells
    role = None
pages = open_pages(role)
st.navigation(list(pages.values()), position="hidden").run()
