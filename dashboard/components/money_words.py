"""Money in words: US dollars as people read them, and the name of a budget."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, ROUND_UP, Decimal

_CENT = Decimal("0.01")
_HUNDREDTH_CENT = Decimal("0.0001")
_THOUSAND = Decimal(1000)

_WHOSE = {
    "organisation": "the organisation's",
    "team": "the team's",
    "campaign": "the campaign's",
    "person": "your",
}
_WHICH = {"day": "daily budget", "month": "monthly budget", "total": "budget"}


def dollars(usd: Decimal, *, round_up: bool = False) -> str:
    """`$1,234.56`; below a cent four decimals, so that little is not shown as nothing.

    `round_up` is for limits, holds and "up to", which must not be shown smaller than they are.
    """
    size = abs(usd)
    unit = _CENT if size >= _CENT or size == 0 else _HUNDREDTH_CENT
    minus = "−" if usd < 0 else ""
    return f"{minus}${size.quantize(unit, ROUND_UP if round_up else ROUND_HALF_UP):,}"


def round_dollars(usd: Decimal) -> str:
    """As `dollars`, without the cents from a thousand dollars on: for figures at a glance."""
    if abs(usd) < _THOUSAND:
        return dollars(usd)
    minus = "−" if usd < 0 else ""
    return f"{minus}${abs(usd).quantize(Decimal(1), ROUND_HALF_UP):,}"


def budget_name(scope: str, period: str) -> str:
    """A budget as a sentence can name it, such as "your daily budget"."""
    return f"{_WHOSE[scope]} {_WHICH[period]}"
