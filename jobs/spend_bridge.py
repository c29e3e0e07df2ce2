"""Why spend changed between two periods, in dollars that add up to the change to the last digit.

A price-volume-mix analysis by the sequential (chain substitution) method: from what good videos
cost before, one thing after the other takes its value of now, and each step's difference is that
thing's part. With n videos of s seconds at an average cost a, of each model m and resolution r:

    volume      n₁·a₀ − n₀·a₀                     as many videos as now, at the cost of before
    model       Σm n₁ₘ·a₀ₘ − n₁·a₀                the models as chosen now
    resolution  Σmr n₁ₘᵣ·a₀ₘᵣ − Σm n₁ₘ·a₀ₘ        the resolutions as chosen now
    duration    Σmr s₁ₘᵣ·p₀ₘᵣ − Σmr n₁ₘᵣ·a₀ₘᵣ     the lengths of now, at the price for a second (p)
    price       Σmr s₁ₘᵣ·(p₁ₘᵣ − p₀ₘᵣ)            the prices for a second of now
    waste       what failed, was stopped or rejected, now less before
    rest        what belongs to neither: corrections of no video, charges of videos begun earlier

What was not used before has no cost of before: it enters with its cost of now, so all of it counts
where it was chosen (a new model as "model"). The order matters for the parts, not for the sum; it
is from the widest choice to the narrowest. On the method: "Price Volume Mix Analysis",
accountancyindex.com/price-volume-mix-analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

STEPS = ("volume", "model", "resolution", "duration", "price", "waste", "rest")
_MICRO = 1_000_000


@dataclass(frozen=True)
class Slice:
    """The good videos of one model and resolution in a period."""

    model: str
    resolution: str
    videos: int
    seconds: float
    usd: Decimal


@dataclass(frozen=True)
class Side:
    """What one of the two periods cost."""

    slices: tuple[Slice, ...]
    wasted_usd: Decimal
    spend_usd: Decimal
    """As the ledger has it."""

    @property
    def good_usd(self) -> Decimal:
        """What its good videos cost."""
        return sum((one.usd for one in self.slices), Decimal(0))


def side_of(rows: Iterable[Mapping[str, Any]], spend_usd: Decimal) -> Side:
    """One side from the rows of the report `costs/bridge`."""
    good, wasted = [], Decimal(0)
    for row in rows:
        if row["good"]:
            good.append(
                Slice(row["model"], row["resolution"], row["n"], row["seconds"], row["usd"])
            )
        else:
            wasted += row["usd"]
    return Side(tuple(good), wasted, spend_usd)


def bridge(before: Side, now: Side) -> dict[str, Decimal]:
    """The part of each of `STEPS` in the change of spend, in USD; together they are the change."""
    levels = [_rounded(level) for level in _levels(before, now)]
    parts = [after - first for first, after in pairwise(levels)]
    waste = now.wasted_usd - before.wasted_usd
    rest = (now.spend_usd - before.spend_usd) - sum(parts, Decimal(0)) - waste
    return dict(zip(STEPS, [*parts, waste, rest], strict=True))


def _levels(before: Side, now: Side) -> list[Fraction]:
    """What good videos cost, first as before, then with one thing after the other as now."""

    def whole(_: Slice) -> str:
        return ""

    def model(one: Slice) -> str:
        return one.model

    def resolution(one: Slice) -> tuple[str, str]:
        return one.model, one.resolution

    steps = [_at_cost(before, now, key, _videos) for key in (whole, model, resolution)]
    last = _at_cost(before, now, resolution, _seconds)
    return [Fraction(before.good_usd), *steps, last, Fraction(now.good_usd)]


def _at_cost(
    before: Side, now: Side, key: Callable[[Slice], Any], measure: Callable[[Slice], Fraction]
) -> Fraction:
    """The amounts of now at the average cost of before, apart for each value of `key`."""
    then, there = _sums(before, key, measure), _sums(now, key, measure)
    total = Fraction(0)
    for name, (amount, usd) in there.items():
        old_amount, old_usd = then.get(name, (Fraction(0), Fraction(0)))
        total += amount * old_usd / old_amount if old_amount else usd
    return total


def _sums(
    side: Side, key: Callable[[Slice], Any], measure: Callable[[Slice], Fraction]
) -> dict[Any, tuple[Fraction, Fraction]]:
    sums: dict[Any, tuple[Fraction, Fraction]] = {}
    for one in side.slices:
        amount, usd = sums.get(key(one), (Fraction(0), Fraction(0)))
        sums[key(one)] = (amount + measure(one), usd + Fraction(one.usd))
    return sums


def _videos(one: Slice) -> Fraction:
    return Fraction(one.videos)


def _seconds(one: Slice) -> Fraction:
    return Fraction(one.seconds)


def _rounded(usd: Fraction) -> Decimal:
    """To the millionth of a dollar, as the ledger counts."""
    return Decimal(round(usd * _MICRO)) / _MICRO
