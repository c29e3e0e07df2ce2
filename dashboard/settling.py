"""What the Queue page asks the workshop to do about a submit whose answer was lost.

The session is checked anew for each act: a fragment runs without the frame of its page.
"""

from __future__ import annotations

from uuid import UUID

from dashboard.services import services
from dashboard.whoami import current_person
from jobs import resolving


def adopt_request(generation_id: UUID, request_id: str, reason: str) -> None:
    """Take a request at fal for the lost one.

    Raises:
        InvalidRequest, IllegalTransition, FalError, RecordError: as `jobs.resolving.adopt`.
    """
    resolving.adopt(services(), current_person(), generation_id, request_id, reason)


def end_as_not_submitted(generation_id: UUID, reason: str, *, confirmed: bool) -> None:
    """End it: fal never got it.

    Raises:
        InvalidRequest, IllegalTransition, RecordError: as `jobs.resolving.mark_not_submitted`.
    """
    person = current_person()
    resolving.mark_not_submitted(services(), person, generation_id, reason, confirmed=confirmed)


def submit_knowingly(generation_id: UUID, reason: str, *, confirmed: bool) -> UUID:
    """Submit it again although both may be charged; the new one's id.

    Raises:
        InvalidRequest, BudgetExceeded, NotAllowed, IllegalTransition, RecordError: as
            `jobs.resolving.submit_again`.
    """
    person = current_person()
    return resolving.submit_again(services(), person, generation_id, reason, confirmed=confirmed)
