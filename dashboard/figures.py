"""What a page of figures is drawn from, and what is kept of what was drawn for it.

What is kept is told apart by the publication of the lake, whose rows it was made from, the role of
the reader, the days and filters, and the day it is.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pyarrow

from dashboard import analytics_reads, charts, drawn_once, tables
from dashboard.analytics_address import FiguresView
from dashboard.analytics_reads import MOST_KEPT, Lens
from dashboard.keeping import Kept
from jobs.analytics import Filters, names_of
from storage.models import Person

T = TypeVar("T")

_TOLD = Kept[Any](MOST_KEPT)


@dataclass(frozen=True)
class Figures:
    """What a page of figures draws from: whose rows, which days and filters, and names."""

    person: Person
    view: FiguresView
    lens: Lens
    names: Mapping[str, Mapping[str, str]]
    """Of `team`, `campaign`, `person`, `model`, `resolution`: each name by its id."""
    today: date
    zone: ZoneInfo

    def rows(
        self,
        page: str,
        name: str,
        filters: Filters | None = None,
        by: str | None = None,
        **more: Any,  # noqa: ANN401
    ) -> list[dict[str, Any]]:
        """The answer of a report for the view, or for other filters."""
        return analytics_reads.rows(self.lens, page, name, filters or self.view.filters, by, **more)

    def name(self, group: str, id: str | None) -> str:
        """How a member of a group is called."""
        return names_of(self.names, group, id)

    def drawn(self, name: str, draw: Callable[[], go.Figure], *more: object) -> go.Figure:
        """The chart `name` of this view as `draw` makes it, made once for each publication of the
        lake and day. `more` is what else it is made of."""
        return charts.kept(self._drawn_from(name, more), draw)

    def listed(
        self, name: str, rows: Callable[[], list[dict[str, Any]]], *more: object
    ) -> pyarrow.Table:
        """The rows of the table `name`, kept as charts are."""
        return tables.kept(self._drawn_from(name, more), rows)

    def told(self, name: str, make: Callable[[], T], *more: object) -> T:
        """What is worked out of figures for this view, such as words; kept as charts are."""
        found: T = _TOLD.get(self._drawn_from(name, more), make)
        return found

    def shown(self, name: str, draw: Callable[[], None], *more: object) -> None:
        """The elements `name`, which nobody can click, as `draw` draws them; kept as charts are."""
        made_of = f"{self.person.role} {self.lens.published} {self.today} {more}"
        drawn_once.show(f"{self.key(name)} {made_of}", draw)

    def _drawn_from(self, name: str, more: tuple[object, ...]) -> Hashable:
        """What it is made of: ways that lead on are those of the role."""
        return name, self.person.role, self.lens, self.view.filters, self.today, repr(more)

    def key(self, name: str) -> str:
        """A widget's key that ends with the view, so that what was clicked in one period or by
        other filters is not taken for a click in this one."""
        return f"{name}_{self._short}"

    @cached_property
    def _short(self) -> str:
        asked = repr((self.view.filters, self.view.demo, self.lens.scope))
        return sha256(asked.encode()).hexdigest()[:12]
