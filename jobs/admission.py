"""Admitting, retrying and stopping generations: what a person asks the workshop for.

Each use case is one transaction that acts as that person under row-level security, then a bell.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from jobs import image_families
from jobs.alert_refusals import refusals_noted
from jobs.bells import Bell
from jobs.bootstrap import Services
from jobs.errors import BudgetExceeded, IllegalTransition, InvalidRequest, NotAllowed, Problem
from jobs.fal.catalog import Model
from jobs.images import CheckedImage, check_image
from jobs.lifecycle import MOVES, Event
from jobs.limits import check_submits
from jobs.pricing import Estimate, estimate_usd, hold_usd
from jobs.requests import (
    GenerationRequest,
    RequestDraft,
    check_request,
    fingerprint,
    tags_of,
)
from jobs.steps import Step, reached
from storage.errors import ObjectNotFound, RecordConflict, RecordForbidden
from storage.models import (
    FailureCause,
    Generation,
    GenerationStatus,
    InputImage,
    Person,
    Role,
)
from storage.objects.base import ObjectStore
from storage.postgres import Transaction
from storage.records import events, files, generations, ledger
from storage.records.generations import NewGeneration

HOLD_S = 48 * 3600
"""A hold outlives every deadline of a generation: fal's start timeout, its longest run, and a day
of tries to fetch the video."""

SUBMITTING_ROLES = frozenset({Role.MEMBER, Role.MANAGER, Role.ADMIN})

Note = Callable[[Transaction, UUID], None]
"""Writes something about a new generation of that id."""

REFUSED_BY_MODERATION = frozenset(
    {
        FailureCause.REFUSED_PROMPT,
        FailureCause.REFUSED_START_IMAGE,
        FailureCause.REFUSED_END_IMAGE,
        FailureCause.BAD_INPUT,
    }
)
"""Causes that the same inputs would meet again."""


def admit(
    services: Services,
    person: Person,
    draft: RequestDraft,
    *,
    parent_id: UUID | None = None,
    note: Note | None = None,
) -> UUID:
    """Check, price and queue a request; the generation's id. `parent_id` is the one it retries.

    `note` writes what belongs to it in the same transaction; what it raises undoes everything.

    Raises:
        InvalidRequest: with everything that is wrong with it.
        TooManySubmits: this person submits too fast.
        BudgetExceeded: a budget has no room for it.
        NotAllowed: this person's role does not generate.
        ObjectStoreError: its images can't be kept.
    """
    _check_role(person)
    request = check_request(draft, services.catalog, services.rules)
    model = services.catalog.by_key(request.model)
    start = keep_image(services.store, request.image)
    image_families.place(services, person, request.image, start)
    end = keep_image(services.store, request.end_image) if request.end_image else None
    reached(Step.ADMIT_IMAGE_KEPT)
    new = _new_generation(person, request, model, start, end, parent_id)
    return _queue(services, person, new, note)


def retry(services: Services, person: Person, generation_id: UUID) -> UUID:
    """Queue a failed or stopped generation anew, linked to the old one; the new one's id.

    It is checked and priced as of today, like any request. While this person's new try of it is
    not over, that one is the answer: an impatient second press pays for nothing.

    Raises:
        IllegalTransition: it has not failed.
        InvalidRequest: its inputs were refused, so the same inputs would be refused again.
        TooManySubmits, BudgetExceeded, NotAllowed: as for `admit`.
        ObjectStoreError: its images can't be read.
    """
    _check_role(person)
    with services.database.as_person(person.id) as tx:
        old = generations.by_id(tx, generation_id)
        begun = generations.open_retry(tx, old.id, person.id)
    _check_can_retry(old)
    if begun is not None:
        return begun

    def check_is_first(tx: Transaction, new_id: UUID) -> None:
        # Submits of a person come one after another here (`check_submits`), so none is missed.
        if (other := generations.open_retry(tx, old.id, person.id, beside=new_id)) is not None:
            raise _AlreadyRetried(other)

    draft = draft_of(services, person, old)
    try:
        return admit(services, person, draft, parent_id=old.id, note=check_is_first)
    except _AlreadyRetried as exc:
        return exc.generation_id


class _AlreadyRetried(Exception):
    """Another press of the same button was faster."""

    def __init__(self, generation_id: UUID) -> None:
        super().__init__(str(generation_id))
        self.generation_id = generation_id


def submit_beside(services: Services, person: Person, old: Generation, note: Note) -> UUID:
    """Queue the inputs of a generation anew while its own outcome is open; the new one's id.

    `note` and the errors are those of `admit`.
    """
    _check_role(person)
    draft = draft_of(services, person, old)
    return admit(services, person, draft, parent_id=old.id, note=note)


def draft_of(services: Services, person: Person, old: Generation) -> RequestDraft:
    """What was asked for then, as a new request.

    Raises:
        CatalogError: the model is not listed any more.
        ObjectNotFound: an image of it is gone.
    """
    model = services.catalog.by_key(old.model)
    chosen = old.parameters
    return RequestDraft(
        model=old.model,
        prompt=old.prompt,
        image=_fetch_image(services, old.start_image, "image"),
        end_image=_fetch_image(services, old.end_image, "end_image") if old.end_image else None,
        duration_s=chosen["duration_s"],
        resolution=chosen["resolution"],
        aspect_ratio=chosen["aspect_ratio"],
        seed=old.seed,
        motion_intensity=chosen["motion_intensity"],
        camera_fixed=chosen["camera_fixed"] if model.takes_camera_fixed else None,
        generate_audio=chosen["generate_audio"] if model.takes_audio else None,
        enable_safety_checker=(
            chosen["enable_safety_checker"] if model.takes_safety_checker else None
        ),
        campaign_id=old.campaign_id if old.team_id == person.team_id else None,
    )


def _fetch_image(services: Services, image: InputImage, field: str) -> CheckedImage:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / "image"
        services.store.fetch(image.key, path)
        return check_image(
            path.read_bytes(), services.settings.max_image_bytes, image.key, field=field
        )


def stop(services: Services, person: Person, generation_id: UUID) -> GenerationStatus:
    """Stop a generation; the status it has afterwards. Safe to repeat.

    What is not at fal yet ends at once. What is, or may be, becomes `canceling`: fal may still
    finish and bill it.

    Raises:
        RecordNotFound: there is no such generation for this person.
        IllegalTransition: it is too late to stop it.
    """
    with services.database.as_person(person.id) as tx:
        # Twice the first: a submit that fal did not book goes back to the queue in between.
        for event in (Event.WITHDRAWN, Event.STOP_ASKED, Event.WITHDRAWN):
            move = MOVES[event]
            if generations.request_stop(tx, generation_id, move.from_statuses, move.to_status):
                _add_event(tx, "canceled", person, generation_id)
                reached(Step.STOP_WRITTEN)
                return move.to_status
        status = generations.by_id(tx, generation_id).status
    if status in (GenerationStatus.CANCELING, GenerationStatus.CANCELED):
        return status
    raise _too_late(status)


def _too_late(status: GenerationStatus) -> IllegalTransition:
    if status is GenerationStatus.FAILED:
        return IllegalTransition("There is nothing to stop: this video has failed already.")
    return IllegalTransition(
        "It is too late to stop this video: fal has already made it.",
        todo="You will find it in the gallery, where you can delete it.",
        cost="It is charged like any finished video.",
    )


def estimate_of(model: Model, parameters: dict[str, object]) -> Estimate:
    """What a generation with these parameters will cost."""
    return estimate_usd(
        model,
        str(parameters["resolution"]),
        str(parameters["aspect_ratio"]),
        int(str(parameters["duration_s"])),
        bool(parameters["generate_audio"]),
    )


def keep_image(store: ObjectStore, image: CheckedImage) -> InputImage:
    """Put a checked image into the store, under its content's hash: the same image once."""
    key = f"inputs/{image.sha256}{image.suffix}"
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / "image"
        path.write_bytes(image.data)
        store.put(key, path, image.content_type)
    return InputImage(
        key=key,
        sha256=image.sha256,
        content_type=image.content_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
    )


def _check_role(person: Person) -> None:
    if person.role not in SUBMITTING_ROLES:
        raise NotAllowed(
            "Your role does not make videos.", todo="Ask an administrator for another role."
        )


def _check_can_retry(old: Generation) -> None:
    if old.status not in (GenerationStatus.FAILED, GenerationStatus.CANCELED):
        raise IllegalTransition("Only a failed or stopped generation can be tried again.")
    if old.cause in REFUSED_BY_MODERATION:
        raise InvalidRequest(
            [Problem("prompt", f"{old.problem} The same request would be refused again.")]
        )


def _new_generation(
    person: Person,
    request: GenerationRequest,
    model: Model,
    start: InputImage,
    end: InputImage | None,
    parent_id: UUID | None,
) -> NewGeneration:
    if request.seed is None and model.takes_seed:
        # Chosen here rather than by fal, so that the same video can be asked for again.
        chosen = model.seed_min + secrets.randbelow(model.seed_max - model.seed_min + 1)
        request = request.model_copy(update={"seed": chosen})
    return NewGeneration(
        id=uuid4(),
        person_id=person.id,
        team_id=person.team_id,
        campaign_id=request.campaign_id,
        parent_id=parent_id,
        lane="interactive",
        title=request.title,
        tags=tags_of(request.prompt),
        model=model.key,
        endpoint=model.endpoint,
        prompt=request.prompt,
        sent_prompt=request.sent_prompt,
        parameters=request.parameters,
        seed=request.seed,
        start_image=start,
        end_image=end,
        fingerprint=fingerprint(request, start.sha256, _sha256(end)),
        price=model.price(request.resolution, request.generate_audio),
        estimate_usd=estimate_of(model, request.parameters).usd,
    )


def _queue(
    services: Services, person: Person, new: NewGeneration, note: Note | None = None
) -> UUID:
    held_usd = hold_usd(new.estimate_usd)
    with (
        _refusals_in_words(),
        refusals_noted(services, person, new.campaign_id, held_usd),
        services.database.as_person(person.id) as tx,
    ):
        check_submits(tx, services.settings, person)
        generations.insert(tx, new)
        _check_images_are_kept(services.store, tx, new)
        ledger.place_hold(tx, new.id, held_usd, expires_s=HOLD_S)
        _add_event(tx, "submitted", person, new.id)
        if note is not None:
            note(tx, new.id)
        reached(Step.ADMIT_WRITTEN)
    reached(Step.ADMIT_COMMITTED)
    services.bells.ring(Bell.SUBMIT)
    reached(Step.ADMIT_RUNG)
    return new.id


def _check_images_are_kept(store: ObjectStore, tx: Transaction, new: NewGeneration) -> None:
    """An old image that nothing named may have been removed since this request sent it again."""
    for image in (new.start_image, new.end_image):
        if image is None:
            continue
        files.hold_input(tx, image.key)
        try:
            store.stat(image.key)
        except ObjectNotFound as exc:
            raise ObjectNotFound(
                "The image was removed as unused in the moment that it was sent again.",
                todo="Submit once more: now it is kept.",
            ) from exc


def _add_event(tx: Transaction, kind: str, person: Person, generation_id: UUID) -> None:
    events.add(tx, kind, person_id=person.id, team_id=person.team_id, generation_id=generation_id)


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    try:
        yield
    except RecordForbidden as exc:
        raise NotAllowed("You may not submit this.", todo="Ask an administrator.") from exc
    except RecordConflict as exc:
        if exc.constraint != "budget_has_room":
            raise
        raise _budget_exceeded(json.loads(exc.detail)) from exc


_SCOPE_WORDS = {
    "organisation": "The organisation's",
    "team": "Your team's",
    "campaign": "The campaign's",
    "person": "Your",
}
_PERIOD_WORDS = {"day": "daily budget", "month": "monthly budget", "total": "budget"}


def _budget_exceeded(refusal: dict[str, str | None]) -> BudgetExceeded:
    budget = f"{_SCOPE_WORDS[str(refusal['scope'])]} {_PERIOD_WORDS[str(refusal['period'])]}"
    free_usd = Decimal(str(refusal["free_usd"]))
    resets = refusal["resets_at"]
    later = f", wait until {datetime.fromisoformat(resets):%d %b %H:%M %Z}" if resets else ""
    return BudgetExceeded(
        f"{budget} has no room for this video: ${free_usd:,.2f} of "
        f"${Decimal(str(refusal['limit_usd'])):,.2f} is free.",
        budget=budget,
        free_usd=free_usd,
        todo=f"Choose a cheaper setting{later}, or ask a manager to raise it.",
    )


def _sha256(image: InputImage | None) -> str | None:
    return image.sha256 if image else None
