"""What the doctor's checks are made of."""

from __future__ import annotations

from dataclasses import dataclass

from storage.errors import StudioError

SHOWN = 5
"""Findings of a check that are told; the rest is counted."""


@dataclass(frozen=True)
class Check:
    """One check and what it found."""

    name: str
    problems: list[str]
    warning: bool = False
    """True: worth a person's look, but nothing is broken."""

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return self.warning or not self.problems


def told(exc: StudioError) -> list[str]:
    """What a person reads of an error that ended a check."""
    return [f"{exc.happened} {exc.todo}".strip()]


def shortened(problems: list[str]) -> list[str]:
    """The first findings, and how many more there are."""
    more = len(problems) - SHOWN
    return [*problems[:SHOWN], f"… and {more} more."] if more > 0 else problems
