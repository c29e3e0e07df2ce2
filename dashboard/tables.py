"""Tables that are made ready once and sent many times.

Streamlit makes any other list a pandas frame and that an Arrow table in each run, which takes as
long as most of a page.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal

import pyarrow

from dashboard.keeping import Kept

MOST_KEPT = 1_000
"""Tables of all sessions together."""
_ROW_PX = 35
LINK = "Open"
"""The column with the ways to what a row is of."""


_KEPT = Kept[pyarrow.Table](MOST_KEPT)


def kept(key: Hashable, rows: Callable[[], list[dict[str, Any]]]) -> pyarrow.Table:
    """The rows that `rows` makes, once for each `key`; all have the columns of the first.

    The key tells all that the rows are made of.
    """
    return _KEPT.get(key, lambda: pyarrow.Table.from_pylist(rows()))


def shown_columns(table: pyarrow.Table) -> list[str]:
    """All columns; without the links where none leads anywhere."""
    return [name for name in table.column_names if name != LINK or leads(table)]


def height_of(rows: int, most_px: int) -> int | Literal["content"]:
    """As high as its rows, or `most_px` when they take more."""
    return "content" if _ROW_PX * (rows + 1) <= most_px else most_px


def leads(table: pyarrow.Table) -> bool:
    """Whether a row has a link."""
    links = table.column(LINK)
    return bool(links.null_count < len(links))
