"""What a month will cost, and when a budget will be used up, by the pace of the last weeks.

Each day to come is expected to cost what the same weekday cost on average in the eight weeks
before today; with less than two weeks of history, what any day cost. The range holds four months
of five if days go on differing from their weekday's average as they did, independently of each
other: 1.28 standard deviations of their sum to both sides. Nothing is known of campaigns to come.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

HISTORY_DAYS = 56
FEW_DAYS = 14
"""With less history weekdays are not told apart."""
_SPREAD = 1.2816
"""Standard deviations that four of five values lie within."""
_CENT = Decimal("0.01")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DayAhead:
    """Spend since the period began up to the end of one day to come, in USD."""

    day: date
    expected_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal


@dataclass(frozen=True)
class Forecast:
    """A period's spend: what is there, and what is to come."""

    spent_usd: Decimal
    ahead: tuple[DayAhead, ...]
    """From today on; empty when the period is over."""
    history_days: int
    """How many days the pace was taken from; 0: nothing is known."""

    @property
    def end(self) -> DayAhead | None:
        """How the period ends; None when it is over or nothing is known."""
        return self.ahead[-1] if self.ahead and self.history_days else None


@dataclass(frozen=True)
class _Pace:
    mean_usd: Mapping[int, float]
    """By weekday, Monday is 0."""
    spread_usd: float
    days: int


def forecast(spend: Mapping[date, Decimal], since: date, until: date, today: date) -> Forecast:
    """The spend of the days from `since` up to, not including, `until`.

    `spend` has what each day cost, in USD, from `HISTORY_DAYS` before today on; a day that is not
    in it cost nothing. Today is under way: what it still lacks of its average is to come.
    """
    spent = sum((usd for day, usd in spend.items() if since <= day <= today), Decimal(0))
    pace = _pace(spend, today)
    ahead, expected = [], float(spent)
    days = max((until - today).days, 0)
    for number in range(days):
        day = today + number * _DAY
        usual = pace.mean_usd[day.weekday()]
        expected += max(usual - float(spend.get(day, 0)), 0.0) if day == today else usual
        margin = _SPREAD * pace.spread_usd * math.sqrt(number + 1)
        low = max(expected - margin, min(float(spent), expected))
        ahead.append(DayAhead(day, _usd(expected), _usd(low), _usd(expected + margin)))
    return Forecast(spent, tuple(ahead), pace.days)


def exhausted_on(forecast: Forecast, room_usd: Decimal, *, soonest: bool = False) -> date | None:
    """The day on which spend passes what is allowed; None: not in the period.

    `soonest`: if the days to come are as dear as the upper end of the range.
    """
    if not forecast.history_days:
        return None
    for ahead in forecast.ahead:
        if (ahead.high_usd if soonest else ahead.expected_usd) >= room_usd:
            return ahead.day
    return None


def _pace(spend: Mapping[date, Decimal], today: date) -> _Pace:
    """What weekdays cost before today, counted from the first day that cost something."""
    first = min((day for day, usd in spend.items() if usd and day < today), default=today)
    begin = max(first, today - HISTORY_DAYS * _DAY)
    days = [begin + number * _DAY for number in range((today - begin).days)]
    costs = {day: float(spend.get(day, 0)) for day in days}
    if not costs:
        return _Pace(dict.fromkeys(range(7), 0.0), 0.0, 0)
    groups = {day: day.weekday() if len(days) >= FEW_DAYS else 0 for day in days}
    means = {
        group: _mean([costs[day] for day in days if groups[day] == group])
        for group in set(groups.values())
    }
    spread = math.sqrt(_mean([(costs[day] - means[groups[day]]) ** 2 for day in days]))
    by_weekday = {weekday: means.get(weekday, means.get(0, 0.0)) for weekday in range(7)}
    return _Pace(by_weekday, spread, len(days))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _usd(value: float) -> Decimal:
    return Decimal(value).quantize(_CENT)
