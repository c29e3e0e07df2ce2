"""Figures for whoever watches over the studio, cheap enough to be asked every few seconds."""

from __future__ import annotations

from dataclasses import dataclass

from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("metrics")


@dataclass(frozen=True)
class Figure:
    """One figure; `label` is the value of the one label that its name has, None when it has none.

    Names end in their unit. USD are floats here, because Prometheus knows nothing else; no money is
    decided by them.
    """

    name: str
    label: str | None
    value: float


def figures(tx: Transaction, *, within_s: float) -> list[Figure]:
    """Everything that is worth a graph. What is zero for a label may be left out.

    A process counts as at work when it gave a sign of life within `within_s` seconds.
    """
    return [
        Figure(row["name"], row["label"], float(row["figure"]))
        for row in tx.all(_Q["figures"], within_s=within_s)
    ]
