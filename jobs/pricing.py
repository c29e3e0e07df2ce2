"""What a video will cost, what is set aside for it, and what is charged. Pure arithmetic.

Amounts are rounded to micro-dollars: estimates and charges to the nearest (halves up), holds always
up. So a hold is never less than the estimate that it is made for.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from jobs.fal.catalog import AUTO, Model
from storage.models import Price

MICRO_USD = Decimal("0.000001")

HOLD_MARGIN = Decimal("1.05")
"""A hold over its estimate. Bills that were published are up to 2.6 % above fal's own formula."""

PLAUSIBLE_FACTOR = 3
"""A bill less than the estimate divided by this is not believed.

Size and duration are known before the submit, so an honest bill is within a few per cent; only a
ratio left to fal makes it smaller. What is far below is a bill in another unit: fal's are a
thousand or a million tokens, by model. A bill above the hold is not believed either: nothing beyond
what was set aside is ever charged without a person, so that no budget is overshot.
"""

_MOST_UNITS = 10**12
"""No bill has as many; beyond it the arithmetic itself could overflow."""

_LONGEST_REASON = 200
"""A header of fal may have thousands of digits."""


@dataclass(frozen=True)
class Estimate:
    """What a video will cost, by fal's formula."""

    tokens: Decimal
    units: Decimal
    """Billing units of the model."""
    usd: Decimal
    exact: bool
    """False: fal chooses the size, and this is the most that it can cost."""


@dataclass(frozen=True)
class ChargeDecision:
    """What to charge for a completed generation."""

    amount_usd: Decimal
    verified: bool
    """False: the estimate stands in for the bill."""
    reason: str
    """Why the bill is not used, in a line; empty when it is."""


def tokens(width: int, height: int, duration_s: int, fps: int = 24) -> Decimal:
    """Video tokens: width × height × fps × seconds / 1024 (fal, llms.txt of the models)."""
    return Decimal(width * height * fps * duration_s) / 1024


def estimate_usd(
    model: Model, resolution: str, aspect_ratio: str, duration_s: int, audio: bool
) -> Estimate:
    """What `model` will cost for these settings; with the ratio `auto`, at most.

    Raises:
        CatalogError: the model has no such resolution or ratio.
    """
    width, height = model.size_px(resolution, aspect_ratio)
    price = model.price(resolution, audio)
    count = tokens(width, height, duration_s, model.fps)
    units = count / price.tokens_per_unit
    return Estimate(
        tokens=count,
        units=units,
        usd=_nearest(units * price.usd_per_unit),
        exact=aspect_ratio != AUTO,
    )


def hold_usd(estimate_usd: Decimal) -> Decimal:
    """What is set aside for a generation with this estimate."""
    return (estimate_usd * HOLD_MARGIN).quantize(MICRO_USD, rounding=ROUND_CEILING)


def charge_for(units: Decimal | None, price: Price, estimate_usd: Decimal) -> ChargeDecision:
    """What to charge for a completed generation.

    `units` is the header `X-Fal-Billable-Units` of its result, None when it is missing. A bill that
    can't be believed is replaced by the estimate and marked, never by nothing: a video that costs
    nothing would free its hold and let spending go on without a limit.
    """
    reason = _doubt(units, price, estimate_usd)[:_LONGEST_REASON]
    if units is None or reason:
        return ChargeDecision(_nearest(estimate_usd), verified=False, reason=reason)
    return ChargeDecision(_nearest(units * price.usd_per_unit), verified=True, reason="")


def _doubt(units: Decimal | None, price: Price, estimate_usd: Decimal) -> str:
    """Why the bill can't be believed; empty when it can."""
    if units is None:
        return "fal did not say what it billed."
    if not units.is_finite() or not 0 < units < _MOST_UNITS:
        return f"fal says it billed {units} units for a finished video."
    billed_usd = units * price.usd_per_unit
    if billed_usd > hold_usd(estimate_usd):
        return f"fal says it billed {units} units, more than was set aside."
    if billed_usd * PLAUSIBLE_FACTOR < estimate_usd:
        return f"fal says it billed {units} units, far below the estimate of ${estimate_usd}."
    return ""


def _nearest(usd: Decimal) -> Decimal:
    return usd.quantize(MICRO_USD, rounding=ROUND_HALF_UP)
