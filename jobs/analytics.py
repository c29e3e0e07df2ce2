"""Reports of the warehouse as a person reads them: whose rows, which filters, which relation.

The scope follows from the role alone and is applied by the reader to every relation, so a filter
in an address can only narrow it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jobs.bootstrap import Services
from jobs.errors import NotAllowed
from storage.errors import WarehouseMissing
from storage.models import Person, Role
from storage.sqlfiles import Query
from storage.warehouse.reader import EVERYTHING, Scope, WarehouseReader
from storage.warehouse.relations import marts, reports, rollups
from storage.warehouse.report_filters import report_filters

if TYPE_CHECKING:
    import pyarrow

FIGURES_ROLES = frozenset({Role.MANAGER, Role.ADMIN, Role.ANALYST})
"""Who sees figures of more than themselves."""
WORKBENCH_ROLES = FIGURES_ROLES
NOBODY = UUID(int=0)
"""In a filter of teams, campaigns or people: what belongs to none."""

_NARROWEST = {
    "cells": ("cells_campaign", "cells_model", "cells_person", "cells"),
    "waste": ("waste_reason", "wasted"),
    "buckets": ("latency_day", "latency_team", "latency_model", "phase_buckets"),
    "hour_buckets": ("latency_hour", "hour_buckets"),
}
"""What a part of a report may stand for: roll-ups, fewest rows first, and at last the view that has
every column."""
_COLUMNS_OF_FILTERS = {
    "teams": "team_id",
    "campaigns": "campaign_id",
    "people": "person_id",
    "models": "model",
    "resolutions": "resolution",
}
_GROUPS = {"model": "model", "team": "team_id", "campaign": "campaign_id", "person": "person_id"}
GROUPS = tuple(_GROUPS)
"""What a report that says `/*by*/` can be grouped by."""
_WIDTH = 88
_PARAMETER = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Filters:
    """Which days and which rows; an empty filter leaves nothing out. Days are the company's."""

    since: date
    until: date
    """The day after the last."""
    teams: tuple[UUID, ...] = ()
    campaigns: tuple[UUID, ...] = ()
    people: tuple[UUID, ...] = ()
    models: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()

    @property
    def in_use(self) -> list[str]:
        """The names of the filters that leave something out."""
        return [name for name in _COLUMNS_OF_FILTERS if getattr(self, name)]

    def parameters(self) -> dict[str, Any]:
        """As reports name them; a filter that is not in use is None."""
        given = asdict(self)
        return {
            name: (list(value) or None) if isinstance(value, tuple) else value
            for name, value in given.items()
        }


@dataclass(frozen=True)
class Filled:
    """A report made ready to be asked: the statement and a value for each of its parameters."""

    query: Query
    parameters: dict[str, Any]


def scope_of(person: Person) -> Scope:
    """Whose rows a person reads: everybody's, their team's, or their own."""
    if person.role in (Role.ADMIN, Role.ANALYST):
        return EVERYTHING
    if person.role is Role.MANAGER:
        return Scope(team_id=person.team_id)
    return Scope(person_id=person.id)


def reader_of(services: Services, *, demo: bool) -> WarehouseReader:
    """The lake to ask: of the record, or the made-up history."""
    return services.demo_warehouse if demo else services.warehouse


def require_figures(person: Person) -> None:
    """Refuse those who see nobody's figures but their own.

    Raises:
        NotAllowed: a member.
    """
    if person.role not in FIGURES_ROLES:
        raise NotAllowed("Your role does not include these figures.", todo="Ask an administrator.")


def run_report(
    services: Services,
    person: Person,
    page: str,
    name: str,
    filters: Filters,
    *,
    demo: bool = False,
    by: str | None = None,
    **more: Any,  # noqa: ANN401
) -> pyarrow.Table:
    """The answer of one report, of the rows that the person may read.

    `by` is what `/*by*/` stands for, one of `GROUPS`; `more` are parameters of that report alone.

    Raises:
        WarehouseMissing: there is no lake yet.
        WarehouseError: the report could not be answered.
    """
    filled = fill_report(page, name, filters, by=by, **more)
    return answer(services, rows_for(services, person, demo=demo), filled, demo=demo)


def rows_for(services: Services, person: Person, *, demo: bool) -> Scope:
    """Whose rows of a lake a person reads.

    Raises:
        WarehouseMissing: there is no lake yet.
    """
    return _demo_scope(services, person) if demo else scope_of(person)


def answer(services: Services, scope: Scope, filled: Filled, *, demo: bool) -> pyarrow.Table:
    """The answer of a report that was made ready.

    Raises:
        WarehouseMissing, WarehouseError: as for `run_report`.
    """
    return reader_of(services, demo=demo).table(filled.query, scope, **filled.parameters)


def fill_report(
    page: str,
    name: str,
    filters: Filters,
    *,
    by: str | None = None,
    **more: Any,  # noqa: ANN401
) -> Filled:
    """A report with its parts and parameters filled in."""
    query = reports(page)[name]
    parts = {} if by is None else {"by": _GROUPS[by]}
    query = query.with_parts(filters=_conditions(filters), **parts)
    query = query.with_parts(**{part: narrowest(query, part) for part in _NARROWEST})
    parameters = filters.parameters() | more
    used = set(_PARAMETER.findall(query.text))
    return Filled(query, {name: parameters[name] for name in parameters if name in used})


def narrowest(query: Query, part: str) -> str:
    """The smallest relation that `part` can stand for: the first of its relations that has every
    column which the statement names in the parentheses around it."""
    words = set(re.findall(r"\w+", _around(query.text, f"/*{part}*/")))
    *made_ready, whole = _NARROWEST[part]
    needed = words & set(marts()[whole].columns)
    for name in made_ready:
        if needed <= set(rollups()[name].columns):
            return name
    return whole


def _around(text: str, place: str) -> str:
    """What stands in the same parentheses as the place; everything when it stands in none."""
    at = text.find(place)
    if at < 0:
        return ""
    begin, depth = at, 0
    while begin > 0 and depth <= 0:
        begin -= 1
        depth += {"(": 1, ")": -1}.get(text[begin], 0)
    end, depth = at, 0
    while end < len(text) and depth <= 0:
        depth += {")": 1, "(": -1}.get(text[end], 0)
        end += 1
    return text[begin:end]


def _conditions(filters: Filters) -> str:
    return "\n".join(report_filters()[name].text for name in filters.in_use)


def as_sql(filled: Filled) -> str:
    """The report with its values written in, as an analyst can run and change it."""
    text = _PARAMETER.sub(
        lambda found: _literal(filled.parameters.get(found[1])), filled.query.text
    )
    return headed(filled.query.description.split(" parameters:")[0], text)


def headed(about: str, text: str) -> str:
    """A statement below a comment that says what it asks."""
    head = textwrap.fill(about, _WIDTH, initial_indent="-- ", subsequent_indent="-- ")
    return f"{head}\n{text}\n"


def _literal(value: object) -> str:
    """A value as DuckDB reads it."""
    if value is None:
        return "null"
    if isinstance(value, bool | int | float | Decimal):
        return str(value).lower()
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, list | tuple):
        kind = "::uuid[]" if value and isinstance(value[0], UUID) else ""
        return f"[{', '.join(map(_literal, value))}]{kind}"
    return "'" + str(value).replace("'", "''") + "'"


def names_of(choices: Mapping[str, Mapping[str, str]], group: str, id: str | None) -> str:
    """How people call a member of a group; what belongs to none has a line of its own."""
    if not id:
        return {"campaign": "No campaign", "model": "No generation"}.get(group, "Unattributed")
    return choices.get(group, {}).get(id, id)


def _demo_scope(services: Services, person: Person) -> Scope:
    """Whose rows of the made-up history a person reads. Its teams and people are made up too, so a
    manager reads its busiest team and a member its busiest person."""
    if scope_of(person) == EVERYTHING:
        return EVERYTHING
    query = reports("shared")["demo_people"]
    found = services.demo_warehouse.rows(query, EVERYTHING)
    if not found:
        raise WarehouseMissing("The demo history is empty.", todo="Run `studio demo` again.")
    if person.role is Role.MANAGER:
        return Scope(team_id=found[0]["team_id"])
    return Scope(person_id=found[0]["id"])
