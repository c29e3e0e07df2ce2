"""Alerts that are over, as a table that fits a phone."""

from __future__ import annotations

from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.alert_reads import AlertsView
from dashboard.components.alert_cards import lasted_words, told_words
from storage.records.alerts import Alert, Delivery

_STYLE = """
<style>
.past-alerts { width: 100%; margin: 0; border-collapse: collapse; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
.past-alerts th { font-weight: 500; text-align: left; opacity: .68; }
.past-alerts th, .past-alerts td { padding: 7px 14px 7px 0; vertical-align: top; border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.past-alerts td { overflow-wrap: anywhere; }
.past-alerts small { display: block; font-size: .85rem; opacity: .72; }
.past-alerts .when { white-space: nowrap; }
@media (max-width: 640px) {
  .past-alerts thead { display: none; }
  .past-alerts tr { display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 8px 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
  .past-alerts td { padding: 0; border: 0; }
  .past-alerts .title { flex: 1 0 100%; order: -1; }
  .past-alerts td[data-is]::before { content: attr(data-is) " "; opacity: .68; }
}
</style>
"""


def alert_history(view: AlertsView, zone: ZoneInfo) -> None:
    """What is over, the latest first; nothing when nothing ever was."""
    if not view.resolved:
        return
    st.subheader("Over")
    rows = "".join(_row(a, view.deliveries.get(a.id, []), zone) for a in view.resolved)
    heads = "<th>Began<th>What<th>Lasted<th>Times<th>Told"
    st.html(f"{_STYLE}<table class=past-alerts><thead><tr>{heads}</thead>{rows}</table>")


def _row(alert: Alert, deliveries: list[Delivery], zone: ZoneInfo) -> str:
    lasted = lasted_words((alert.resolved_at or alert.last_seen_at) - alert.opened_at)
    told = "<br>".join(escape(line) for line in told_words(deliveries, zone)) or "—"
    return (
        f"<tr><td class=when>{alert.opened_at.astimezone(zone):%d %b %H:%M}"
        f"<td class=title>{escape(alert.title)}<small>{escape(alert.happened)}</small>"
        f'<td class=when data-is="lasted">{lasted}'
        f'<td data-is="times">{alert.times_seen}<td data-is="told">{told}'
    )
