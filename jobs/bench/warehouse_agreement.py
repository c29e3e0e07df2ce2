"""Whether two answers to one question are the same, as far as numbers can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

Rows = Sequence[Mapping[str, Any]]
EXACT = 1e-6
ABOUT = 0.03
"""What an answer from buckets may be off by, where neighbours are far apart."""


def differences(ours: Rows, theirs: Rows, *, about: bool) -> list[str]:
    """What is not the same: the number of rows, or the sum of a column of numbers that both have.

    `about`: percentiles may be off by what a bucket is wide.
    """
    if len(ours) != len(theirs):
        return [f"{len(ours)} rows, not {len(theirs)}"]
    found = []
    for column in _numbers(ours) & _numbers(theirs):
        near = ABOUT if about and column.endswith("_s") else EXACT
        mine, other = _sum(ours, column), _sum(theirs, column)
        if not math.isclose(mine, other, rel_tol=near, abs_tol=1e-6):
            found.append(f"{column}: {mine}, not {other}")
    return sorted(found)


def _numbers(rows: Rows) -> set[str]:
    return {
        name
        for row in rows
        for name, value in row.items()
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    }


def _sum(rows: Rows, column: str) -> float:
    values = (float(row[column] or 0) for row in rows)
    return math.fsum(value for value in values if not math.isnan(value))
