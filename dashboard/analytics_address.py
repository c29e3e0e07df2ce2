"""The address of a page of figures: period, comparison and filters, all in the URL.

An address is read leniently: what makes no sense in it is left out, so that every link opens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar
from uuid import UUID

import streamlit as st

from jobs.analytics import NOBODY, Filters
from jobs.periods import Period, Preset, custom_period, period_before, period_of

T = TypeVar("T")

NONE = "none"
"""In the address: what belongs to no team, campaign or person."""
MOST_VALUES = 50
LONGEST_NAME = 100
USUAL = Preset.LAST_30
FIELDS = {
    "team": "teams",
    "campaign": "campaigns",
    "person": "people",
    "model": "models",
    "resolution": "resolutions",
}
"""Name of each filter in the address, and in `Filters`."""


@dataclass(frozen=True)
class FiguresView:
    """What a page of figures was asked to show."""

    preset: Preset
    filters: Filters
    before: Filters
    """The same rows in the period that it is compared with."""
    compares: bool = True
    demo: bool = False

    @property
    def period(self) -> Period:
        """The days that are shown."""
        return Period(self.filters.since, self.filters.until)

    @property
    def filtered(self) -> bool:
        """Whether rows are left out beside those of other days."""
        return bool(self.filters.in_use)


def view_of_address(today: date) -> FiguresView:
    """What this run's address asks for; `today` is the company's."""
    return parse_view({name: st.query_params.get_all(name) for name in st.query_params}, today)


def parse_view(given: Mapping[str, Sequence[str]], today: date) -> FiguresView:
    """What an address asks for. Names it does not know are left alone."""
    preset, period = _period(given, today)
    before = period_before(period, preset)
    filters = Filters(
        period.since,
        period.until,
        teams=_many(given.get("team", ()), _id),
        campaigns=_many(given.get("campaign", ()), _id),
        people=_many(given.get("person", ()), _id),
        models=_many(given.get("model", ()), _name),
        resolutions=_many(given.get("resolution", ()), _name),
    )
    return FiguresView(
        preset=preset,
        filters=filters,
        before=replace(filters, since=before.since, until=before.until),
        compares="0" not in given.get("compare", ()),
        demo="1" in given.get("demo", ()),
    )


def query_of(view: FiguresView) -> dict[str, list[str]]:
    """The parameters of the address that opens this view; what is usual is left out."""
    custom = view.preset is Preset.CUSTOM
    written = {
        "period": [] if view.preset is USUAL else [str(view.preset)],
        "from": [view.period.since.isoformat()] if custom else [],
        "to": [view.period.last.isoformat()] if custom else [],
        "compare": [] if view.compares else ["0"],
        "demo": ["1"] if view.demo else [],
    }
    for name, field in FIELDS.items():
        written[name] = [
            NONE if value == NOBODY else str(value) for value in getattr(view.filters, field)
        ]
    return {name: values for name, values in written.items() if values}


PARAMETERS = ("period", "from", "to", "compare", "demo", *FIELDS)
"""Every name that a view writes into the address; pages have more of their own."""


def show_view(view: FiguresView) -> None:
    """Have the page show this view, from the next run on."""
    wanted = query_of(view)
    for name in PARAMETERS:
        if name in wanted:
            st.query_params[name] = wanted[name]
        elif name in st.query_params:
            del st.query_params[name]


def _period(given: Mapping[str, Sequence[str]], today: date) -> tuple[Preset, Period]:
    preset = next(iter(_many(given.get("period", ()), Preset)), USUAL)
    if preset is not Preset.CUSTOM:
        return preset, period_of(preset, today)
    days = [
        day for name in ("from", "to") for day in _many(given.get(name, ())[:1], date.fromisoformat)
    ]
    if len(days) < 2:
        return USUAL, period_of(USUAL, today)
    return preset, custom_period(days[0], days[1], today)


def _many(values: Iterable[str], read: Callable[[str], T]) -> tuple[T, ...]:
    """What can be read of the values, each once."""
    found: dict[T, None] = {}
    for value in list(values)[:MOST_VALUES]:
        try:
            found[read(value)] = None
        except ValueError:
            continue
    return tuple(found)


def _id(text: str) -> UUID:
    return NOBODY if text == NONE else UUID(text)


def _name(text: str) -> str:
    if not 0 < len(text) <= LONGEST_NAME:
        raise ValueError(text)
    return text
