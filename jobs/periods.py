"""Periods of days as people name them: "last 30 days", "this month", and the period before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)
EARLIEST = date(2020, 1, 1)
"""There was no studio before; an address that asks for more is cut."""


class Preset(StrEnum):
    """The periods that a page offers by name, as the address writes them."""

    LAST_7 = "7d"
    LAST_30 = "30d"
    LAST_90 = "90d"
    THIS_MONTH = "month"
    LAST_MONTH = "last-month"
    THIS_YEAR = "year"
    CUSTOM = "custom"


_ROLLING = {Preset.LAST_7: 7, Preset.LAST_30: 30, Preset.LAST_90: 90}


@dataclass(frozen=True)
class Period:
    """Days from `since` up to, not including, `until`, in the company's zone."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.until - self.since).days

    @property
    def last(self) -> date:
        """Its last day."""
        return self.until - _DAY


def period_of(preset: Preset, today: date) -> Period:
    """The period that a preset means today; today is part of it, except in last month.

    `CUSTOM` has days of its own, so it stands for the last 30 here.
    """
    tomorrow = today + _DAY
    if preset is Preset.THIS_MONTH:
        return Period(today.replace(day=1), tomorrow)
    if preset is Preset.LAST_MONTH:
        return Period(month_before(today.replace(day=1)), today.replace(day=1))
    if preset is Preset.THIS_YEAR:
        return Period(today.replace(month=1, day=1), tomorrow)
    return Period(tomorrow - _ROLLING.get(preset, 30) * _DAY, tomorrow)


def custom_period(first: date, last: date, today: date) -> Period:
    """From the first to the last of two days, in whichever order, none of them in the future."""
    first, last = sorted(max(EARLIEST, min(day, today)) for day in (first, last))
    return Period(first, last + _DAY)


def period_before(period: Period, preset: Preset) -> Period:
    """What a period is compared with: the same days of the month or year before for those, else
    as many days right before it."""
    since = period.since
    if preset is Preset.LAST_MONTH:
        return Period(month_before(since), since)
    if preset is Preset.THIS_MONTH:
        before = month_before(since)
        return Period(before, min(before + period.days * _DAY, since))
    if preset is Preset.THIS_YEAR:
        before = since.replace(year=since.year - 1)
        return Period(before, min(before + period.days * _DAY, since))
    return Period(since - period.days * _DAY, since)


def month_before(first: date) -> date:
    """The first day of the month before that of `first`."""
    return (first.replace(day=1) - _DAY).replace(day=1)


def month_after(day: date) -> date:
    """The first day of the month after that of `day`."""
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)
