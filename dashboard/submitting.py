"""What the Create and Queue pages ask the workshop to do, with the session checked anew.

Callbacks of widgets run before the frame of the page, so each of these asks who it is for.
"""

from __future__ import annotations

from uuid import UUID

from dashboard.services import services
from dashboard.whoami import current_person
from jobs.admission import admit, retry, stop
from jobs.requests import RequestDraft
from storage.errors import RecordConflict
from storage.models import GenerationStatus, Person
from storage.records import campaigns


def submit(draft: RequestDraft, new_campaign: str | None) -> UUID:
    """Admit a draft, in a campaign of this name when it is given; the generation's id.

    Raises:
        InvalidRequest, BudgetExceeded, NotAllowed, RecordError: as `jobs.admission.admit`.
    """
    person = current_person()
    if new_campaign:
        draft = draft.model_copy(update={"campaign_id": _campaign_id(person, new_campaign)})
    return admit(services(), person, draft)


def submit_again(generation_id: UUID) -> UUID:
    """Queue a failed or stopped generation anew; the new one's id.

    Raises:
        IllegalTransition, InvalidRequest, BudgetExceeded, NotAllowed: as `jobs.admission.retry`.
    """
    return retry(services(), current_person(), generation_id)


def stop_generation(generation_id: UUID) -> GenerationStatus:
    """Stop a generation; the status it has afterwards.

    Raises:
        RecordNotFound, IllegalTransition: as `jobs.admission.stop`.
    """
    return stop(services(), current_person(), generation_id)


def _campaign_id(person: Person, name: str) -> UUID:
    try:
        return _ensure_campaign(person, name)
    except RecordConflict:
        # A colleague made it in the same moment, so now it is there.
        return _ensure_campaign(person, name)


def _ensure_campaign(person: Person, name: str) -> UUID:
    with services().database.as_person(person.id) as tx:
        return campaigns.ensure(tx, person.team_id, name, person.id).id
