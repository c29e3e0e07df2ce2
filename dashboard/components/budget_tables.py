"""The holds behind a budget, and the history of all budgets, as tables that fit a phone."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from html import escape
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.budget_bar import window_words
from dashboard.components.money_words import dollars
from storage.records.budgets import Adjustable, BudgetChange, OpenHold

LINES_STYLE = """
<style>
.lines { width: 100%; margin: 0; border-collapse: collapse; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
.lines th { font-weight: 500; text-align: left; opacity: .68; }
.lines th, .lines td { padding: 7px 14px 7px 0; vertical-align: top; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.lines td { overflow-wrap: anywhere; }
.lines a, .lines a:visited { color: inherit; }
.lines a:hover { color: #6366f1; }
.lines .usd { text-align: right; white-space: nowrap; }
.lines .when { white-space: nowrap; }
@media (max-width: 640px) {
  .lines thead { display: none; }
  .lines tr { display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 8px 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
  .lines td { padding: 0; border: 0; }
  .lines .title { flex: 1 0 100%; }
  .lines td[data-is]::before { content: attr(data-is) " "; opacity: .68; }
}
</style>
"""


def holds_table(holds: list[OpenHold], held_usd: Decimal, zone: ZoneInfo) -> None:
    """Every open hold with its generation, and what is held beyond those shown."""
    if holds:
        rows = "".join(_hold_row(hold, zone) for hold in holds)
        heads = "<th>Generation<th>Person<th>Status<th>Since<th>Until<th class=usd>Held"
        st.html(f"{LINES_STYLE}<table class=lines><thead><tr>{heads}</thead>{rows}</table>")
    rest_usd = held_usd - sum((hold.amount_usd for hold in holds), Decimal(0))
    if rest_usd > 0:
        more = "more " if holds else ""
        words = f"{dollars(rest_usd)} {more}is held for generations that are not listed here"
        st.caption(f"{words}: there are too many, or another team's.".replace("$", r"\$"))
    elif not holds:
        st.caption("Nothing is held just now.")
    st.caption(
        "A hold ends with its generation. It stays beyond its time as long as fal may still bill "
        "the generation."
    )


def history_table(changes: list[BudgetChange], zone: ZoneInfo) -> None:
    """Who changed what and when, the latest first."""
    rows = "".join(
        f"<tr><td class=when>{_when(change.changed_at, zone)}"
        f"<td>{escape(change.changed_by_name or 'The studio')}"
        f"<td>{_whose(change)}<td>{escape(change_words(change, zone))}"
        for change in changes
    )
    heads = "<th>When<th>Who<th>Of<th>What"
    st.html(f"{LINES_STYLE}<table class=lines><thead><tr>{heads}</thead>{rows}</table>")


def change_words(change: BudgetChange, zone: ZoneInfo) -> str:
    """What was changed, in a few words."""
    if change.what == "removed":
        return f"removed; it was {dollars(change.old_limit_usd or Decimal(0))}"
    if change.what == "set":
        new = dollars(change.new_limit_usd or Decimal(0))
        if change.old_limit_usd is None:
            return f"set to {new}"
        return f"changed from {dollars(change.old_limit_usd)} to {new}"
    if change.what == "adjusted":
        return f"{_correction(change.amount_usd or Decimal(0))}: {change.reason}"
    amount = dollars(change.amount_usd or Decimal(0))
    if change.what == "grant_ended":
        return f"took {amount} back early: {change.reason}"
    until = f" until {_when(change.ends_at, zone)}" if change.ends_at else ""
    return f"granted {amount}{until}: {change.reason}"


def adjustable_words(made: Adjustable, zone: ZoneInfo) -> str:
    """A generation in one line: what it is, whose, from when, and what it cost."""
    cost = dollars(made.cost_usd) + ("" if made.verified else ", unverified")
    return f"{made.title} · {made.person_name} · {_when(made.created_at, zone)} · {cost}"


def _correction(usd: Decimal) -> str:
    if not usd:
        return "confirmed what was charged"
    return f"took {dollars(-usd)} back" if usd < 0 else f"charged {dollars(usd)} more"


def _hold_row(hold: OpenHold, zone: ZoneInfo) -> str:
    return (
        f"<tr><td class=title>{_link(hold.generation_id, hold.title)}"
        f"<td>{escape(hold.person_name)}<td>{escape(hold.status)}"
        f'<td class=when data-is="since">{_when(hold.created_at, zone)}'
        f'<td class=when data-is="until">{_when(hold.expires_at, zone)}'
        f"<td class=usd>{dollars(hold.amount_usd, round_up=True)}"
    )


def _whose(change: BudgetChange) -> str:
    """The budget, or what was corrected, as HTML."""
    whose = change.target_name or (
        "Everybody's own" if change.scope == "person" else "The organisation"
    )
    if change.generation_id is not None:
        return _link(change.generation_id, whose)
    window = f", {window_words(change.period)}" if change.period else ""
    kind = ", warns only" if change.kind == "soft" else ""
    return escape(f"{whose}{window}{kind}")


def _link(generation_id: UUID, title: str) -> str:
    return f'<a href="/queue?generation={generation_id}" target="_self">{escape(title)}</a>'


def _when(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d %b %H:%M}"
