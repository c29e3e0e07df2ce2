"""My month: what somebody made, what came of it, what it cost, and what they may still spend.

Whoever looks reads their own rows alone, also a manager or an administrator: neither the address
nor the role can widen it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import analytics_reads
from dashboard.analytics_address import FiguresView
from dashboard.components.analytics_bar import Figures
from dashboard.components.my_month_parts import month_limits, month_nothing, month_tiles
from dashboard.components.period_words import period_words
from dashboard.components.problem import problems_shown
from dashboard.components.usage_charts import usage_course
from dashboard.components.usage_tiles import is_nothing, usage_totals
from dashboard.whoami import current_person
from jobs.analytics import Filters
from jobs.periods import Period, Preset, month_after, period_before, period_of
from storage.errors import WarehouseMissing
from storage.models import Person
from storage.warehouse.reader import Scope

_FIELD = "my_month"
_MONTHS = {Preset.THIS_MONTH: "This month", Preset.LAST_MONTH: "Last month"}


def show() -> None:
    """The page."""
    person = current_person()
    with problems_shown():
        st.title("My month", anchor=False)
        preset = _choose_month()
        try:
            figures = _look(person, preset)
        except WarehouseMissing as exc:
            month_nothing(exc.todo)
            return
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


def _look(person: Person, preset: Preset) -> Figures:
    """The reader's own rows of one month."""
    zone = ZoneInfo(analytics_reads.freshness(demo=False).time_zone)
    today = datetime.now(zone).date()
    period = period_of(preset, today)
    before = period_before(period, preset)
    own = Filters(period.since, period.until, people=(person.id,))
    view = FiguresView(preset, own, replace(own, since=before.since, until=before.until))
    lens = replace(analytics_reads.look(person, demo=False), scope=Scope(person_id=person.id))
    return Figures(person, view, lens, {}, today, zone)


def _show_figures(figures: Figures) -> None:
    totals = usage_totals(figures)
    fresh = analytics_reads.freshness(demo=False).published_at.astimezone(figures.zone)
    st.caption(
        f"{period_words(figures.view.period)} · compared with "
        f"{period_words(_period_of(figures.view.before))} · figures as of "
        f"{fresh:%d %b %Y, %H:%M} · only you and those who answer for the money see these"
    )
    if is_nothing(totals):
        month_nothing("Your videos, what they cost and how long you waited will be here.")
    else:
        month_tiles(figures, totals)
        usage_course(_whole_month(figures), "What you made, day by day")
    month_limits(figures)


def _period_of(filters: Filters) -> Period:
    return Period(filters.since, filters.until)


def _whole_month(figures: Figures) -> Figures:
    """The same with the days to come, so that a month looks like a month."""
    filters = replace(figures.view.filters, until=month_after(figures.view.filters.since))
    return replace(figures, view=replace(figures.view, filters=filters))


show()
