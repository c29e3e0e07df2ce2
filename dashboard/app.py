"""The frame around every page: the person, the navigation by role, the page.

Streamlit runs this script for every visit and every widget change, so it does little.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.components.alert_notice import alert_notice
from dashboard.roles import ACCOUNT, PageEntry, landing_for, pages_for
from dashboard.whoami import current_person
from storage.models import Person

_BRAND = Path(__file__).with_name("static") / "brand"


def _page(entry: PageEntry) -> st.Page:
    return st.Page(
        entry.file,
        title=entry.title,
        icon=entry.icon,
        url_path=entry.name,
        help=entry.about,
        visibility="visible" if entry.listed else "hidden",
    )


def _navigation(person: Person) -> st.Page:
    entries = pages_for(person.role)
    pages = {entry.name: _page(entry) for entry in entries}
    landing = pages[landing_for(person.role).name]

    def home() -> None:
        st.switch_page(landing)

    # A default page has no address of its own, so none of the real pages is the default: each
    # keeps an address that can be linked to, with its parameters.
    start = st.Page(home, title="Seedance Studio", default=True, visibility="hidden")
    sections = {"": [start]}
    for entry in entries:
        title = person.name if entry is ACCOUNT else entry.section
        sections.setdefault(title, []).append(pages[entry.name])
    return st.navigation(sections, position="top")


st.set_page_config(page_icon=str(_BRAND / "icon.svg"), layout="wide")
st.logo(str(_BRAND / "logo.svg"), size="medium")
person = current_person()
shown = _navigation(person)
alert_notice(person, shown.url_path)
shown.run()
