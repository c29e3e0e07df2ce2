"""People whose passwords the studio keeps itself.

The functions block for about a tenth of a second of CPU; call them off the event loop.
"""

from __future__ import annotations

from dashboard import passwords
from jobs.bootstrap import Services
from storage.models import Person
from storage.records import people


def check(services: Services, email: str, password: str) -> Person | None:
    """The person with this address and password; None when they don't fit together.

    Takes the same work whether or not there is such a person. A hash made with yesterday's
    parameters is replaced on the way.
    """
    with services.database.as_service() as tx:
        person = people.by_email(tx, email)
        kept = people.password_hash(tx, person.id) if person else None
    if not passwords.verify(kept, password) or person is None or kept is None:
        return None
    if passwords.is_outdated(kept):
        _keep(services, person, password)
    return person


def has_password(services: Services, person: Person) -> bool:
    """Whether this person has a password here; people who come through a link may have none."""
    with services.database.as_service() as tx:
        return people.password_hash(tx, person.id) is not None


def change_password(services: Services, person: Person, current: str, new: str) -> str | None:
    """Replace a person's password; what is wrong in their words, None when it is done.

    `current` is not asked for when there is no password yet.
    """
    with services.database.as_service() as tx:
        kept = people.password_hash(tx, person.id)
    if kept is not None and not passwords.verify(kept, current):
        return "Your current password is different from the one you entered."
    problem = passwords.problem_with(new)
    if problem is None:
        _keep(services, person, new)
    return problem


def _keep(services: Services, person: Person, password: str) -> None:
    argon2_hash = passwords.hash_password(password)
    with services.database.as_service() as tx:
        people.set_password_hash(tx, person.id, argon2_hash)
