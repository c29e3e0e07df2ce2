"""What fal's response headers say, and ours ask (fal docs, "Platform headers", "Model errors")."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime

from fal_client.client import MIN_REQUEST_TIMEOUT_SECONDS

from jobs.fal.tags import tags_header


def submit_headers(tags: Mapping[str, str], start_timeout_s: float) -> dict[str, str]:
    """What goes with a submit beside the key; `start_timeout_s` is checked as fal does.

    Raises:
        ValueError: fal needs longer to start.
    """
    if start_timeout_s <= MIN_REQUEST_TIMEOUT_SECONDS:
        raise ValueError("fal needs a start timeout of more than a second.")
    return {
        "x-app-fal-disable-fallback": "true",
        # A fresh connection each time: an idle one may die under the POST, outcome unknown.
        "Connection": "close",
        **tags_header(tags),
    }


def says_retry(headers: Mapping[str, str]) -> bool:
    """fal's hint that trying again may work; its documents name the header in two ways."""
    values = (headers.get("x-fal-retryable", ""), headers.get("x-fal-needs-retry", ""))
    return any(value.strip().lower() in ("1", "true", "yes") for value in values)


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds to wait that the answer asks for, None when it does not; `now_s` is Unix time.

    Reads `Retry-After` (RFC 9110: seconds or a date), else, at a spent limit, the reset time of
    the customary `x-ratelimit-*` headers.
    """
    text = headers.get("retry-after")
    if text is None and headers.get("x-ratelimit-remaining", "0").strip() == "0":
        text = headers.get("x-ratelimit-reset")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is None:
        return _seconds_until(text, now_s)
    if seconds > 1_000_000_000:  # a moment, not a span
        seconds -= Decimal(now_s)
    return max(0.0, float(seconds))


def billable_units(headers: Mapping[str, str]) -> Decimal | None:
    """The header `X-Fal-Billable-Units`; None when absent, negative or no number."""
    units = _number(headers.get("x-fal-billable-units", ""))
    return units if units is not None and units >= 0 else None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _seconds_until(text: str, now_s: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_s)
    except ValueError:
        return None
