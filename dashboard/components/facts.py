"""Names and values as quiet lines, such as settings or amounts."""

from __future__ import annotations

from html import escape

import streamlit as st

_STYLE = """
<style>
.facts { margin: 0 !important; padding: 0 !important; font-size: .9rem; }
.facts h4 { margin: 0 0 4px; padding: 0; font-size: 1rem; font-weight: 600; }
.facts div { display: flex; gap: 16px; justify-content: space-between; padding: 6px 0; }
.facts div + div { border-top: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
.facts dt { flex: none; opacity: .68; }
.facts dd { margin: 0 !important; text-align: right; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
</style>
"""


def facts(name: str, lines: list[tuple[str, str]]) -> None:
    """A heading and its lines of (name, value)."""
    rows = "".join(
        f"<div><dt>{escape(key)}</dt><dd>{escape(value)}</dd></div>" for key, value in lines
    )
    st.html(f'{_STYLE}<dl class="facts"><h4>{escape(name)}</h4>{rows}</dl>')
