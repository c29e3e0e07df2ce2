"""What pages of figures read from the warehouse, kept as long as the lake is the same.

An answer is known by the publication of the lake, whose rows it was made from and what was asked.
Nobody changes an answer, so all sessions share one and nothing is copied. They are kept by Python's
own cache: Streamlit's takes longer to tell what was asked than many reports to answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog

from dashboard.services import services
from jobs.analytics import Filters, answer, fill_report, reader_of, rows_for
from storage.errors import WarehouseError
from storage.models import Person
from storage.warehouse.reader import Freshness, Scope

if TYPE_CHECKING:
    import pyarrow

log = structlog.get_logger(__name__)

MOST_KEPT = 2_000
_ANY = Filters(date.min, date.max)


@dataclass(frozen=True)
class Lens:
    """Through what figures are looked at: one publication of a lake, and whose rows of it."""

    demo: bool
    scope: Scope
    published: str
    """Tells two publications apart, also after a rebuild."""


def look(person: Person, *, demo: bool) -> Lens:
    """The state of the lake as it is now, for one person.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    manifest = reader_of(services(), demo=demo).manifest()
    scope = _scope(person, demo, manifest.publication)
    return Lens(demo, scope, manifest.publication)


@lru_cache(maxsize=MOST_KEPT)
def _scope(person: Person, demo: bool, published: str) -> Scope:  # noqa: ARG001 (told apart by it)
    """Whose rows a person reads. A demo is asked for it: who stands there for whom."""
    return rows_for(services(), person, demo=demo)


@lru_cache(maxsize=MOST_KEPT)
def report(
    lens: Lens,
    page: str,
    name: str,
    filters: Filters,
    by: str | None = None,
    **more: Any,  # noqa: ANN401
) -> pyarrow.Table:
    """The answer of one report; see `jobs.analytics.run_report`.

    Raises:
        WarehouseMissing, WarehouseError: there is no lake, or it could not answer.
    """
    filled = fill_report(page, name, filters, by=by, **more)
    return answer(services(), lens.scope, filled, demo=lens.demo)


@lru_cache(maxsize=MOST_KEPT)
def rows(
    lens: Lens,
    page: str,
    name: str,
    filters: Filters,
    by: str | None = None,
    **more: Any,  # noqa: ANN401
) -> list[dict[str, Any]]:
    """The same, row by row; for answers of some hundred rows. All callers share them: only read."""
    found: list[dict[str, Any]] = report(lens, page, name, filters, by, **more).to_pylist()
    return found


@lru_cache(maxsize=200)
def choices(lens: Lens) -> dict[str, dict[str, str]]:
    """What the filters offer: names by id, for `team`, `campaign`, `person`, `model` and
    `resolution`, each in the order of names."""
    found: dict[str, dict[str, str]] = {
        kind: {} for kind in ("team", "campaign", "person", "model", "resolution")
    }
    for row in rows(lens, "shared", "filter_choices", _ANY):
        found[row["kind"]][row["id"]] = row["name"]
    labels = {model.key: model.label for model in services().catalog.models}
    found["model"] = {key: labels.get(key, key) for key in found["model"]}
    return found


def freshness(*, demo: bool) -> Freshness:
    """How new the figures are.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    return reader_of(services(), demo=demo).freshness()


@lru_cache(maxsize=MOST_KEPT)
def looks_at(lens: Lens, page: str, filters: Filters) -> list[bool]:  # noqa: ARG001 (told apart by it)
    """A list that is empty until a page has drawn these figures once, and says so by an entry."""
    return []


def has_demo() -> bool:
    """Whether there is a made-up history to look at; one that can't be read is none, so that it
    does not take the real figures away."""
    try:
        return services().demo_warehouse.exists()
    except WarehouseError:
        log.warning("the demo history can't be read", exc_info=True)
        return False


def has_live() -> bool:
    """Whether there are figures of the record yet."""
    return services().warehouse.exists()
