"""My month: what somebody made, what came of it, what it cost, and what they may still spend.

Whoever looks reads their own rows alone, also a manager or an administrator: neither the address
nor the role can widen it. With the demo history it is the month of a person who was made up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import analytics_reads
from dashboard.analytics_address import FiguresView
from dashboard.analytics_reads import Lens
from dashboard.components.analytics_bar import loading
from dashboard.components.my_month_parts import (
    asks_for_demo,
    month_is_made_up,
    month_limits,
    month_nothing,
    month_tiles,
)
from dashboard.components.period_words import period_words
from dashboard.components.problem import problems_shown
from dashboard.components.usage_charts import usage_course
from dashboard.components.usage_tiles import is_nothing, usage_totals
from dashboard.figures import Figures
from dashboard.whoami import current_person
from jobs.analytics import Filters
from jobs.periods import Period, Preset, month_after, period_before, period_of
from storage.errors import WarehouseMissing
from storage.models import Person, Role
from storage.warehouse.reader import Scope

_FIELD = "my_month"
_MONTHS = {Preset.THIS_MONTH: "This month", Preset.LAST_MONTH: "Last month"}


def show() -> None:
    """The page."""
    person = current_person()
    with problems_shown():
        st.title("My month", anchor=False)
        preset = _choose_month()
        demo = asks_for_demo() and analytics_reads.has_demo()
        try:
            figures = _look(person, preset, demo=demo)
        except WarehouseMissing as exc:
            month_nothing(exc.todo)
            return
        with loading(figures, "my_month"):
            _show_figures(figures)


def _choose_month() -> Preset:
    chosen = st.segmented_control(
        "Month",
        list(_MONTHS),
        default=Preset.THIS_MONTH,
        required=True,
        format_func=_MONTHS.__getitem__,
        key=_FIELD,
        label_visibility="collapsed",
    )
    return chosen or Preset.THIS_MONTH


def _look(person: Person, preset: Preset, *, demo: bool) -> Figures:
    """The reader's own rows of one month, or those of the demo's busiest person."""
    zone = ZoneInfo(analytics_reads.freshness(demo=demo).time_zone)
    today = datetime.now(zone).date()
    period = period_of(preset, today)
    before = period_before(period, preset)
    lens = _demo_lens(person) if demo else _own_lens(person)
    own = Filters(period.since, period.until, people=(lens.scope.person_id or person.id,))
    then = replace(own, since=before.since, until=before.until)
    return Figures(person, FiguresView(preset, own, then, demo=demo), lens, {}, today, zone)


def _own_lens(person: Person) -> Lens:
    return replace(analytics_reads.look(person, demo=False), scope=Scope(person_id=person.id))


def _demo_lens(person: Person) -> Lens:
    """As a member sees the demo: through the eyes of one who was made up."""
    return analytics_reads.look(replace(person, role=Role.MEMBER), demo=True)


def _show_figures(figures: Figures) -> None:
    totals = usage_totals(figures)
    demo = figures.view.demo
    if demo:
        month_is_made_up()
    fresh = analytics_reads.freshness(demo=demo).published_at.astimezone(figures.zone)
    whose = "only you and those who answer for the money see these"
    st.caption(
        f"{period_words(figures.view.period)} · compared with "
        f"{period_words(_period_of(figures.view.before))} · figures as of "
        f"{fresh:%d %b %Y, %H:%M} · " + ("the month of a made-up person" if demo else whose)
    )
    if is_nothing(totals | {"active": 0}):
        month_nothing("Your videos, what they cost and how long you waited will be here.")
    else:
        month_tiles(figures, totals)
        usage_course(_whole_month(figures), "What you made, day by day")
    if not demo:
        month_limits(figures)


def _period_of(filters: Filters) -> Period:
    return Period(filters.since, filters.until)


def _whole_month(figures: Figures) -> Figures:
    """The same with the days to come, so that a month looks like a month."""
    filters = replace(figures.view.filters, until=month_after(figures.view.filters.since))
    return replace(figures, view=replace(figures.view, filters=filters))


show()
