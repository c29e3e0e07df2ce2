"""A new link's address with a button that copies it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HERE = Path(__file__)

_LINK = st.components.v2.component(
    "share_link",
    html='<div class="link"><input readonly aria-label="Address of the link">'
    '<button type="button">Copy</button></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


def share_link(key: str, address: str) -> None:
    """The address in a field, and Copy beside it."""
    _LINK(key=key, data={"address": address})
