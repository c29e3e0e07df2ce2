"""How the answer of a query is drawn: what a chart builder chose, and every kept version has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FORMS = ("Bars", "Stacked bars", "Line", "Area", "Points")
MOST_COLUMNS = 20
MOST_NAME = 200


@dataclass(frozen=True)
class Chart:
    """Which columns of an answer are drawn, and in which of `FORMS`."""

    form: str
    across: str
    """The column of the horizontal axis."""
    up: tuple[str, ...]
    """The columns of numbers."""
    by: str | None = None
    """The column that has a colour for each of its values; None: one colour for each of `up`."""

    @property
    def fits(self) -> bool:
        """Whether it is one that a version can keep."""
        names = [self.across, *self.up, *([] if self.by is None else [self.by])]
        lengths = all(1 <= len(name) <= MOST_NAME for name in names)
        return self.form in FORMS and lengths and 1 <= len(self.up) <= MOST_COLUMNS

    def in_words(self) -> str:
        """As a list of versions tells it."""
        by = f", coloured by {self.by}" if self.by else ""
        return f"{self.form}: {', '.join(self.up)} by {self.across}{by}"


def written(chart: Chart | None) -> dict[str, Any]:
    """A chart as the record keeps it; empty without one."""
    return {} if chart is None else {**asdict(chart), "up": list(chart.up)}


def chart_of(kept: Mapping[str, Any]) -> Chart | None:
    """The chart that the record keeps; None when there is none that makes sense."""
    up, by = kept.get("up"), kept.get("by")
    if not isinstance(up, list):
        return None
    texts = [kept.get("form"), kept.get("across"), *up, *([] if by is None else [by])]
    if not all(isinstance(text, str) for text in texts):
        return None
    found = Chart(kept["form"], kept["across"], tuple(up), by)
    return found if found.fits else None
