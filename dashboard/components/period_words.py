"""Periods in words."""

from __future__ import annotations

from jobs.periods import Period, Preset

PRESETS = {
    Preset.LAST_7: "Last 7 days",
    Preset.LAST_30: "Last 30 days",
    Preset.LAST_90: "Last 90 days",
    Preset.THIS_MONTH: "This month",
    Preset.LAST_MONTH: "Last month",
    Preset.THIS_YEAR: "This year",
    Preset.CUSTOM: "Other days",
}


def period_words(period: Period) -> str:
    """`3 Nov – 2 Dec 2026`; one day once."""
    last = f"{period.last.day} {period.last:%b %Y}"
    if period.days == 1:
        return last
    year = f" {period.since:%Y}" if period.since.year != period.last.year else ""
    return f"{period.since.day} {period.since:%b}{year} – {last}"
