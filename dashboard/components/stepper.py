"""Numbered progress over the steps of a form."""

from __future__ import annotations

from html import escape

import streamlit as st

_STYLE = """
<style>
.steps { display: flex; align-items: center; gap: 12px; margin: 0 !important;
  padding: 0 0 4px !important; list-style: none; }
.steps li { display: flex; align-items: center; gap: 9px; margin: 0 !important; opacity: .6; }
.steps li + li::before { content: ""; width: 40px; height: 1px; margin-right: 4px;
  background: currentColor; opacity: .35; }
.steps b { display: grid; place-items: center; width: 26px; height: 26px; font-size: 13px;
  border: 1px solid currentColor; border-radius: 50%; }
.steps li.now, .steps li.done { opacity: 1; }
.steps li.now span { font-weight: 600; }
.steps li.now b { color: #fff; background: #4f46e5; border-color: #4f46e5; }
.steps li.done b { color: #4f46e5; border-color: #4f46e5; }
</style>
"""


def stepper(names: tuple[str, ...], now: int) -> None:
    """The steps by name, counted from 1; those before `now` are ticked."""
    items = "".join(_item(number, name, now) for number, name in enumerate(names, 1))
    st.html(f'{_STYLE}<ol class="steps" aria-label="Steps">{items}</ol>')


def _item(number: int, name: str, now: int) -> str:
    kind = "now" if number == now else "done" if number < now else "later"
    mark = "✓" if kind == "done" else str(number)
    current = ' aria-current="step"' if kind == "now" else ""
    return f'<li class="{kind}"{current}><b>{mark}</b><span>{escape(name)}</span></li>'
