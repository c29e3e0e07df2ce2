"""The doors through which people come in with an address and a password.

Each door knows its own accounts; all end in the same session. The sign-in page tries them in the
order of `DOORS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard import local_accounts
from jobs.bootstrap import Services
from storage.models import Person

CheckPassword = Callable[[Services, str, str], Person | None]
"""Services, address and password to the person, None when they don't fit. Blocks."""


@dataclass(frozen=True)
class Door:
    """One kind of account."""

    name: str
    """Written down with every sign-in."""
    check: CheckPassword


@dataclass(frozen=True)
class Entry:
    """Somebody who came in, and through which door."""

    person: Person
    door: str


DOORS = (Door("local", local_accounts.check),)


def try_doors(services: Services, email: str, password: str) -> Entry | None:
    """Who comes in with this address and password; None when nobody does. Blocks."""
    for door in DOORS:
        person = door.check(services, email, password)
        if person is not None:
            return Entry(person, door.name)
    return None
