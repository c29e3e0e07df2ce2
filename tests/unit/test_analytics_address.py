from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analytics_address import PARAMETERS, parse_view, query_of
from jobs.analytics import NOBODY, Filters
from jobs.periods import Preset

TODAY = date(2026, 11, 28)
IDS = st.lists(st.uuids() | st.just(NOBODY), max_size=3, unique=True).map(tuple)
NAMES = st.lists(st.sampled_from(["seedance-pro", "720p", "x"]), max_size=2, unique=True).map(tuple)


def test_a_bare_address_is_the_last_30_days_of_everything() -> None:
    view = parse_view({}, TODAY)
    assert view.filters == Filters(date(2026, 10, 30), date(2026, 11, 29))
    assert view.before == Filters(date(2026, 9, 30), date(2026, 10, 30))
    assert query_of(view) == {}


@given(IDS, IDS, IDS, NAMES, st.sampled_from(Preset), st.booleans(), st.booleans())
def test_an_address_written_and_read_again_is_the_same(
    teams: tuple[UUID, ...],
    campaigns: tuple[UUID, ...],
    people: tuple[UUID, ...],
    models: tuple[str, ...],
    preset: Preset,
    compares: bool,
    demo: bool,
) -> None:
    usual = parse_view({"period": [preset], "from": ["2026-03-01"], "to": ["2026-04-05"]}, TODAY)
    chosen: dict[str, Any] = {
        "teams": teams,
        "campaigns": campaigns,
        "people": people,
        "models": models,
    }
    view = replace(
        usual,
        filters=replace(usual.filters, **chosen),
        before=replace(usual.before, **chosen),
        compares=compares,
        demo=demo,
    )
    written = query_of(view)
    assert set(written) <= set(PARAMETERS)
    assert parse_view(written, TODAY) == view


@pytest.mark.parametrize(
    "address",
    [
        {"period": ["for ever"]},
        {"period": ["custom"], "from": ["yesterday"]},
        {"team": ["1 or 1=1"]},
        {"model": [""]},
        {"model": ["x" * 5000]},
    ],
)
def test_what_makes_no_sense_in_an_address_is_left_out(address: dict[str, list[str]]) -> None:
    assert parse_view(address, TODAY) == parse_view({}, TODAY)


def test_days_of_ones_own_are_read_in_either_order() -> None:
    address = {"period": ["custom"], "from": ["2026-05-09"], "to": ["2026-05-01"]}
    view = parse_view(address, TODAY)
    assert (view.filters.since, view.filters.until) == (date(2026, 5, 1), date(2026, 5, 10))
    assert view.before.until == view.filters.since


def test_only_so_many_values_of_a_filter_are_taken() -> None:
    assert len(parse_view({"team": [str(uuid4()) for _ in range(200)]}, TODAY).filters.teams) == 50
