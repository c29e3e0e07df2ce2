"""The frame around every page: the person, the navigation by role, the page.

Streamlit runs this script for every visit and every widget change, so it does little.
"""

from __future__ import annotations

import streamlit as st

from dashboard.components.alert_notice import alert_notice
from dashboard.components.frame_style import frame_style
from dashboard.navigation import navigation
from dashboard.whoami import current_person

# Addresses, not files: a file would be read and sent whole in every run.
st.set_page_config(page_icon="/app/static/brand/icon.svg", layout="wide")
frame_style()
st.logo("/app/static/brand/logo.svg", size="medium")
person = current_person()
shown = navigation(person)
alert_notice(person, shown.url_path)
shown.run()
