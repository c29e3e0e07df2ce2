from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jobs.forecasting import exhausted_on, forecast

TODAY = date(2026, 11, 11)  # a Wednesday
FIRST, AFTER = date(2026, 11, 1), date(2026, 12, 1)
DAY = timedelta(days=1)


def spend(usd: int, *, weekend: int | None = None, days: int = 70) -> dict[date, Decimal]:
    """The same on each day before today, or another amount on weekends."""
    found = {}
    for number in range(1, days + 1):
        day = TODAY - number * DAY
        found[day] = Decimal(weekend if weekend is not None and day.weekday() > 4 else usd)
    return found


def test_an_even_pace_goes_on_without_a_range() -> None:
    made = forecast(spend(10), FIRST, AFTER, TODAY)
    assert made.spent_usd == 100
    assert made.end is not None
    assert made.end.low_usd == made.end.expected_usd == made.end.high_usd == 300


def test_weekends_are_told_apart() -> None:
    made = forecast(spend(10, weekend=0), FIRST, AFTER, TODAY)
    workdays = 14  # from today to Monday 30 November
    assert made.end is not None
    assert made.end.expected_usd == made.spent_usd + 10 * workdays


def test_what_was_spent_today_is_a_part_of_todays_average() -> None:
    half = forecast(spend(10) | {TODAY: Decimal(4)}, FIRST, AFTER, TODAY)
    more = forecast(spend(10) | {TODAY: Decimal(25)}, FIRST, AFTER, TODAY)
    assert half.end is not None
    assert more.end is not None
    assert half.end.expected_usd == 300
    assert more.end.expected_usd == 315


def test_a_new_studio_is_not_diluted_by_the_days_before_it() -> None:
    made = forecast(spend(10, days=4), FIRST, AFTER, TODAY)
    assert made.history_days == 4
    assert made.end is not None
    assert made.end.expected_usd == 40 + 10 * 20


def test_without_history_nothing_is_foretold() -> None:
    made = forecast({TODAY: Decimal(5)}, FIRST, AFTER, TODAY)
    assert made.spent_usd == 5
    assert made.end is None
    assert exhausted_on(made, Decimal(1)) is None


def test_a_budget_ends_on_the_day_on_which_the_pace_reaches_it() -> None:
    made = forecast(spend(10), FIRST, AFTER, TODAY)
    assert exhausted_on(made, Decimal(120)) == TODAY + DAY
    assert exhausted_on(made, Decimal(300)) == date(2026, 11, 30)
    assert exhausted_on(made, Decimal(301)) is None


DAYS = st.dictionaries(
    st.integers(0, 60).map(lambda number: TODAY - number * DAY),
    st.decimals(0, 10_000, places=6, allow_nan=False),
)


@given(DAYS)
def test_a_range_holds_what_is_expected_and_is_never_less_than_what_is_spent(
    days: dict[date, Decimal],
) -> None:
    made = forecast(days, FIRST, AFTER, TODAY)
    cent = Decimal("0.01")
    for ahead in made.ahead:
        assert made.spent_usd - cent <= ahead.low_usd
        assert ahead.low_usd - cent <= ahead.expected_usd <= ahead.high_usd + cent


@given(DAYS, st.decimals(1, 100_000, places=2, allow_nan=False))
def test_the_soonest_end_of_a_budget_is_not_after_the_expected_one(
    days: dict[date, Decimal], room: Decimal
) -> None:
    made = forecast(days, FIRST, AFTER, TODAY)
    expected, soonest = exhausted_on(made, room), exhausted_on(made, room, soonest=True)
    assert expected is None or (soonest is not None and soonest <= expected)


def test_what_was_taken_back_may_leave_a_month_below_zero() -> None:
    made = forecast({TODAY - DAY: Decimal(-20)}, FIRST, AFTER, TODAY)
    assert made.end is not None
    assert made.end.low_usd <= made.end.expected_usd < 0
