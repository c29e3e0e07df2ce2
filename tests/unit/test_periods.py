from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.periods import Period, Preset, custom_period, month_after, period_before, period_of

DAYS = st.dates(min_value=date(2021, 2, 1), max_value=date(2035, 1, 1))


@pytest.mark.parametrize(
    ("preset", "since", "until"),
    [
        (Preset.LAST_7, date(2026, 3, 25), date(2026, 4, 1)),
        (Preset.THIS_MONTH, date(2026, 3, 1), date(2026, 4, 1)),
        (Preset.LAST_MONTH, date(2026, 2, 1), date(2026, 3, 1)),
        (Preset.THIS_YEAR, date(2026, 1, 1), date(2026, 4, 1)),
    ],
)
def test_a_preset_ends_with_today_or_with_its_month(
    preset: Preset, since: date, until: date
) -> None:
    assert period_of(preset, date(2026, 3, 31)) == Period(since, until)


@given(st.sampled_from(Preset), DAYS)
def test_the_period_before_ends_where_or_before_the_period_begins(
    preset: Preset, today: date
) -> None:
    period = period_of(preset, today)
    before = period_before(period, preset)
    assert before.since < before.until <= period.since


def test_this_month_is_compared_with_the_same_days_of_the_last() -> None:
    march = period_of(Preset.THIS_MONTH, date(2026, 3, 10))
    before = period_before(march, Preset.THIS_MONTH)
    assert before == Period(date(2026, 2, 1), date(2026, 2, 11))
    end = period_of(Preset.THIS_MONTH, date(2026, 3, 31))
    assert period_before(end, Preset.THIS_MONTH).until == date(2026, 3, 1)


@given(DAYS, DAYS, DAYS)
def test_other_days_are_never_in_the_future_and_never_none(
    one: date, other: date, today: date
) -> None:
    period = custom_period(one, other, today)
    assert period.since < period.until <= today + timedelta(days=1)


@given(DAYS)
def test_the_month_after_begins_with_its_first_day(day: date) -> None:
    after = month_after(day)
    assert after.day == 1
    assert timedelta(0) < after - day <= timedelta(days=31)
