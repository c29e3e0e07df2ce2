"""Open alerts as cards: what happened, what it cost, what to do, and who was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.alert_reads import AlertsView
from dashboard.error_frame import plain
from dashboard.roles import BUDGETS, QUEUE, PageEntry
from dashboard.services import services
from storage.records.alerts import Alert, AlertKind, Delivery, Message, Severity

LOOKS: dict[Severity, tuple[str, str, Literal["red", "orange"]]] = {  # icon, words, color
    Severity.CRITICAL: (":material/error:", "Needs somebody now", "red"),
    Severity.WARNING: (":material/warning:", "Worth a look", "orange"),
}
_WHERE: dict[AlertKind, PageEntry] = {
    AlertKind.SOFT_LIMIT: BUDGETS,
    AlertKind.HARD_LIMIT: BUDGETS,
    AlertKind.ACCOUNT_LOCKED: QUEUE,
    AlertKind.UNKNOWN_OUTCOMES: QUEUE,
    AlertKind.STUCK_QUEUE: QUEUE,
}


def alert_cards(view: AlertsView) -> None:
    """Every open alert, or that all is quiet, or that nobody looks."""
    if not view.is_watched:
        _show_unwatched(view)
    elif not view.open:
        _show_quiet()
    for alert in view.open:
        _show_card(alert, view.deliveries.get(alert.id, []), services().settings.zone)


def lasted_words(lasted: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    minutes = int(lasted.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def told_words(deliveries: list[Delivery], zone: ZoneInfo) -> list[str]:
    """Who was told and when, and who could not be, a line each."""
    return [_told_line(delivery, zone) for delivery in deliveries]


def _told_line(delivery: Delivery, zone: ZoneInfo) -> str:
    what = "of its end" if delivery.told is Message.RESOLVED else "told"
    told = f"{what} at {_when(delivery.told_at, zone)}" if delivery.told_at else "not told yet"
    if delivery.problem is None:
        return f"{delivery.receiver}: {told}"
    again = f" Next try {_when(delivery.next_try_at, zone)}." if delivery.next_try_at else ""
    return f"{delivery.receiver}: {told}. {delivery.problem}{again}"


def _show_card(alert: Alert, deliveries: list[Delivery], zone: ZoneInfo) -> None:
    icon, words, color = LOOKS[alert.severity]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":{color}[{icon}] **{plain(alert.title)}**", width="stretch")
            st.badge(words, color=color)
        st.markdown(plain(alert.happened))
        st.markdown(f":material/payments: {plain(alert.cost)}")
        st.markdown(f":material/arrow_forward: {plain(alert.todo)}")
        _show_facts(alert, deliveries, zone)
        if (page := _WHERE.get(alert.kind)) is not None:
            st.page_link(page.file, label=f"Open {page.title}", icon=page.icon)


def _show_facts(alert: Alert, deliveries: list[Delivery], zone: ZoneInfo) -> None:
    often = f" · {alert.times_seen} times" if alert.times_seen > 1 else ""
    since = f"Since {_when(alert.opened_at, zone)}"
    lasted = lasted_words(datetime.now(UTC) - alert.opened_at)
    told = told_words(deliveries, zone) or ["Shown on this page only so far"]
    lines = [f"{since} ({lasted}){often}", *told]
    st.caption("  \n".join(plain(line) for line in lines))


def _show_quiet() -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("# :green[:material/check_circle:]", text_alignment="center", anchors=False)
        st.subheader("All quiet", anchor=False, text_alignment="center")
        st.caption(
            "Budgets, the account at fal, queues, bills and the disk are looked at every few "
            "seconds. What needs somebody appears here.",
            text_alignment="center",
        )
        st.space("small")


def _show_unwatched(view: AlertsView) -> None:
    zone = services().settings.zone
    since = f" since {_when(view.watcher_seen_at, zone)}" if view.watcher_seen_at else ""
    st.error(
        f"**Nobody looks: the watcher has given no sign of life{since}.** What is below may be "
        "out of date, and nothing new is told.\n\n"
        "Videos at fal go on, and nothing is lost.\n\n"
        ":material/arrow_forward: An administrator starts the watcher again and reads its log.",
        icon=":material/visibility_off:",
    )


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d %b %H:%M}" if at else ""
