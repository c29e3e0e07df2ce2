"""Spend that belongs to no generation, said apart so that it is not lost in a sum."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboard.components.money_words import dollars


def unattributed_line(totals: dict[str, Any]) -> None:
    """A line under the tiles, when there is any; `totals` is a row of `costs/totals`."""
    usd = totals["unattributed_usd"]
    if not usd:
        return
    words = f"{dollars(usd)} of the spend belongs to no generation: corrections of a whole scope."
    st.caption(f":material/help_center: {words}".replace("$", r"\$"))
