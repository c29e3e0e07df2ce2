"""Questions to begin with (`sql/duckdb/workbench_starters.sql`), and how they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jobs.analytics import headed
from jobs.workbench.charts import Chart
from storage.warehouse.relations import workbench_starters

FIRST = "cost_by_model"
_SHOWN: Mapping[str, tuple[str, Chart]] = {
    FIRST: ("Cost by model", Chart("Bars", "model", ("spend_usd", "wasted_usd"))),
    "spend_by_week": ("Spend by week", Chart("Stacked bars", "week", ("spend_usd",), "model")),
    "waiting": ("How long people wait", Chart("Bars", "model", ("p50_s", "p95_s"))),
    "failures": ("Why generations fail", Chart("Bars", "cause", ("generations",))),
    "campaigns": ("Approved by campaign", Chart("Bars", "campaign", ("approved",))),
}


@dataclass(frozen=True)
class Starter:
    """A question with its chart."""

    name: str
    label: str
    sql: str
    chart: Chart


@cache
def starters() -> tuple[Starter, ...]:
    """All of them, the first as the editor begins."""
    queries = workbench_starters()
    return tuple(
        Starter(name, label, headed(queries[name].description, queries[name].text), chart)
        for name, (label, chart) in _SHOWN.items()
    )
