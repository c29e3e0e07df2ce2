"""One budget as a bar in three parts: spent, held, free."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.money_words import dollars
from storage.records.budgets import Budget, Grant

WARN_SHARE = Decimal("0.8")
"""From this part of a limit on, a budget is shown as nearly used up."""

_WINDOWS = {"day": "a day", "month": "a month", "total": "in total"}

_STYLE = """
<style>
.budget { font-variant-numeric: tabular-nums; }
.budget header { display: flex; flex-wrap: wrap; gap: 2px 12px; align-items: baseline;
  justify-content: space-between; }
.budget h4 { margin: 0; padding: 0; font-size: 1.05rem; font-weight: 600;
  overflow-wrap: anywhere; }
.budget h4 span { font-weight: 400; }
.budget h4 .whose { opacity: .68; }
.budget .limit { white-space: nowrap; }
.budget .limit b { font-size: 1.05rem; }
.budget .bar { position: relative; display: flex; height: 12px; margin: 12px 0 8px;
  overflow: hidden; border-radius: 6px;
  background: color-mix(in srgb, currentColor 11%, transparent); }
.budget .bar i { flex: none; min-width: 0; }
.budget .spent { background: #4f46e5; }
.budget .held { background: repeating-linear-gradient(135deg, #f59e0b 0 5px, #fbbf24 5px 10px); }
.budget .line { position: absolute; top: 0; bottom: 0; width: 3px; margin-left: -2px;
  background: currentColor; box-shadow: 0 0 0 1px color-mix(in srgb, Canvas 60%, transparent); }
.budget dl { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; padding: 0;
  font-size: .93rem; }
.budget dl div { display: flex; gap: 6px; align-items: center; }
.budget dt, .budget dd { margin: 0; }
.budget dt { display: flex; gap: 6px; align-items: center; opacity: .75; }
.budget dt i { width: 10px; height: 10px; border-radius: 3px; }
.budget dt .free { background: color-mix(in srgb, currentColor 22%, transparent); }
.budget dd { font-weight: 600; }
.budget ul { list-style: none; margin: 8px 0 0; padding: 0; font-size: .86rem; }
.budget li { margin: 2px 0; padding: 0; opacity: .78; overflow-wrap: anywhere; }
.budget .near { padding: 1px 8px; font-size: .8rem; font-weight: 600 !important;
  border-radius: 10px;
  color: #92400e; background: #fef3c7; }
.budget .over { color: #fff; background: #b91c1c; }
.budget .kind { padding: 1px 8px; font-size: .8rem; border-radius: 10px;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
</style>
"""


def budget_bar(
    budget: Budget, grants: list[Grant], warning_usd: Decimal | None, zone: ZoneInfo
) -> None:
    """A budget's name, bar, numbers and what there is to know about its limit."""
    if budget.is_default and budget.target_id is None:
        body = ""
    else:
        body = _bar(budget, warning_usd) + _numbers(budget)
    notes = "".join(f"<li>{escape(note)}</li>" for note in _notes(budget, grants, zone))
    if warning_usd is not None:
        notes += f"<li>The line is the soft limit: {dollars(warning_usd)}</li>"
    st.html(f'{_STYLE}<section class="budget">{_header(budget)}{body}<ul>{notes}</ul></section>')


def budget_title(budget: Budget) -> str:
    """Whose budget it is."""
    if budget.target_name is not None:
        return budget.target_name
    return "Everybody's own" if budget.is_default else "The organisation"


def window_words(period: str) -> str:
    """`a day`, `a month` or `in total`."""
    return _WINDOWS[period]


def _header(budget: Budget) -> str:
    default = " · the default" if budget.is_default and budget.target_id else ""
    kind = ' <span class="kind">warns only</span>' if budget.kind == "soft" else ""
    return (
        f'<header><h4>{escape(budget_title(budget))}<span class="whose">{default}</span>{kind} '
        f'{_alarm(budget)}</h4><div class="limit"><b>{dollars(budget.limit_usd)}</b> '
        f"{window_words(budget.period)}</div></header>"
    )


def _alarm(budget: Budget) -> str:
    if budget.is_default and budget.target_id is None:
        return ""
    share = budget.used_share
    if share < WARN_SHARE:
        return ""
    look = "near over" if share >= 1 else "near"
    words = "nothing left" if share >= 1 else f"{int(share * 100)} % used"
    return f'<span class="{look}">{words}</span>'


def _bar(budget: Budget, warning_usd: Decimal | None) -> str:
    spent = _percent(budget.spent_usd, budget)
    held = min(_percent(budget.held_usd, budget), 100 - spent)
    line = ""
    if warning_usd is not None:
        line = f'<i class="line" style="left:{_percent(warning_usd, budget):.2f}%"></i>'
    label = (
        f"{dollars(budget.spent_usd)} spent, {dollars(budget.held_usd)} held, "
        f"{dollars(budget.free_usd)} free"
    )
    return (
        f'<div class="bar" role="img" aria-label="{label}">'
        f'<i class="spent" style="width:{spent:.2f}%"></i>'
        f'<i class="held" style="width:{held:.2f}%"></i>{line}</div>'
    )


def _percent(usd: Decimal, budget: Budget) -> Decimal:
    """The width of an amount; more than the limit fills the bar."""
    whole = max(budget.limit_usd, budget.spent_usd + budget.held_usd)
    if whole <= 0:
        return Decimal(0)
    return min(max(usd, Decimal(0)) * 100 / whole, Decimal(100))


def _numbers(budget: Budget) -> str:
    parts = {"spent": budget.spent_usd, "held": budget.held_usd, "free": budget.free_usd}
    rows = (
        f'<div><dt><i class="{name}"></i>{name.capitalize()}</dt><dd>{dollars(usd)}</dd></div>'
        for name, usd in parts.items()
    )
    return f"<dl>{''.join(rows)}</dl>"


def _notes(budget: Budget, grants: list[Grant], zone: ZoneInfo) -> list[str]:
    notes = []
    if budget.is_default and budget.target_id is None:
        notes.append("For each person who has no limit of their own.")
    elif budget.resets_at is not None:
        notes.append(f"Begins anew {budget.resets_at.astimezone(zone):%a %d %b, %H:%M}")
    if budget.limit_usd != budget.base_usd:
        notes.append(f"{dollars(budget.base_usd)} and what was granted")
    notes += [grant_words(grant, zone) for grant in grants]
    return notes


def grant_words(grant: Grant, zone: ZoneInfo) -> str:
    """A grant in one line: how much, until when, why and by whom."""
    by = f" ({grant.created_by_name})" if grant.created_by_name else ""
    ends = f"{grant.ends_at.astimezone(zone):%a %d %b, %H:%M}"
    return f"+ {dollars(grant.amount_usd)} until {ends}: {grant.reason}{by}"
