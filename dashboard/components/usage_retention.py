"""Who stays: of those who began in a month, how many were active in the months after."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Any

import streamlit as st

from dashboard.components.chart_card import Source, chart_card
from dashboard.components.usage_words import share_words
from dashboard.figures import Figures
from jobs.periods import month_after

MOST_COHORTS = 12
MOST_LATER = 6
_ABOUT = (
    "People by the month in which they were first active, over the whole history whatever period "
    "is chosen; how many of them were active again one to six months later. This month is not over."
)
_STYLE = """
<style>
.retention { overflow-x: auto; }
.retention table { width: 100%; border-collapse: separate; border-spacing: 2px; font-size: .86rem;
  font-variant-numeric: tabular-nums; }
.retention th { padding: 4px 8px; font-weight: 500; opacity: .72; text-align: left;
  white-space: nowrap; }
.retention td { padding: 4px 8px; text-align: center; white-space: nowrap; border-radius: 4px; }
.retention td.some { background: color-mix(in srgb, #4f46e5 var(--much), transparent); }
</style>
"""


def usage_retention(figures: Figures) -> None:
    """The table, a row for each month in which somebody began."""
    figures.shown("usage_retention", lambda: _card(figures))


def _card(figures: Figures) -> None:
    with chart_card(figures, "Who stays", Source("usage", "retention"), about=_ABOUT):
        cohorts = cohorts_of(figures.rows("usage", "retention"), figures.today)
        if not cohorts:
            st.caption("Nobody has been active yet.")
            return
        st.html(_STYLE + _table(cohorts))


def cohorts_of(rows: list[dict[str, Any]], today: date) -> dict[date, list[int]]:
    """Of each month in which somebody began, how many were active in it and in each of the next
    `MOST_LATER` months, up to now; the last `MOST_COHORTS` of them."""
    found: dict[date, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row["cohort"], {})[row["later"]] = row["people"]
    kept = sorted(found)[-MOST_COHORTS:]
    return {
        cohort: [found[cohort].get(later, 0) for later in range(_months_until(cohort, today) + 1)]
        for cohort in kept
    }


def _months_until(month: date, today: date) -> int:
    number = 0
    while number < MOST_LATER and (month := month_after(month)) <= today:
        number += 1
    return number


def _table(cohorts: dict[date, list[int]]) -> str:
    longest = max(map(len, cohorts.values()))
    heads = "".join(f'<th scope="col">+{later} mo</th>' for later in range(1, longest))
    body = "".join(_row(cohort, people) for cohort, people in cohorts.items())
    return (
        '<div class="retention"><table><thead><tr><th scope="col">Began in</th>'
        '<th scope="col">People</th>'
        f"{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(cohort: date, people: list[int]) -> str:
    cells = "".join(_cell(number, people[0]) for number in people[1:])
    head = f'<th scope="row">{escape(f"{cohort:%b %Y}")}</th>'
    return f"<tr>{head}<td>{people[0]:,}</td>{cells}</tr>"


def _cell(number: int, whole: int) -> str:
    much = round(number / whole * 60) if whole else 0
    return f'<td class="some" style="--much:{much}%">{share_words(number, whole)}</td>'
