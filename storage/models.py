"""The nouns of the record: what rows become in Python. Frozen; money is Decimal USD; times UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID


class GenerationStatus(StrEnum):
    """Where a generation is in its life; the moves between are in `jobs.lifecycle`."""

    AWAITING_APPROVAL = "awaiting_approval"
    """Admitted, but a manager has to agree before it is queued."""
    QUEUED = "queued"
    """Waiting for us: a submit worker will claim it in fair order."""
    SUBMITTING = "submitting"
    """A worker has written the intent and is sending the one POST to fal."""
    UNKNOWN = "unknown"
    """The POST was sent and its answer lost. The hold stays; nothing is sent again."""
    WAITING = "waiting"
    """Accepted by fal and waiting in fal's queue."""
    RUNNING = "running"
    """fal is making the video."""
    COLLECTING = "collecting"
    """fal has finished; a worker fetches, checks and stores the result."""
    COMPLETED = "completed"
    """The video is stored and paid for. Final."""
    FAILED = "failed"
    """Ended without a video, with a cause. Final."""
    CANCELING = "canceling"
    """A person asked to stop it; fal has not answered yet."""
    CANCELED = "canceled"
    """Stopped before a video was made. Final."""


FINAL_STATUSES = frozenset(
    {GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELED}
)


class FailureCause(StrEnum):
    """Why a generation failed: a closed list, so that waste can be counted by cause."""

    REFUSED_PROMPT = "refused_prompt"
    REFUSED_START_IMAGE = "refused_start_image"
    REFUSED_END_IMAGE = "refused_end_image"
    REFUSED_OUTPUT = "refused_output"
    BAD_INPUT = "bad_input"
    PROVIDER_DOWN = "provider_down"
    TIMEOUT = "timeout"
    STORAGE = "storage"
    MEDIA = "media"
    OUR_BUG = "our_bug"


class Role(StrEnum):
    """What a person may do; `dashboard.roles` maps roles to pages and actions."""

    MEMBER = "member"
    MANAGER = "manager"
    ANALYST = "analyst"
    ADMIN = "admin"


class AttemptState(StrEnum):
    """What we know of one submit to fal."""

    INTENDED = "intended"
    """The row is committed; the POST may or may not have been sent."""
    ACCEPTED = "accepted"
    """fal answered with a request id."""
    UNKNOWN = "unknown"
    """The answer was lost."""
    REFUSED = "refused"
    """fal provably did not book it."""
    ENDED = "ended"
    """fal has finished with it, and so have we."""


class RenditionKind(StrEnum):
    """A file of a video."""

    ORIGINAL = "original"
    """What fal made, byte for byte."""
    WEB = "web"
    """The same pictures, arranged to start playing at once in any browser."""
    P480 = "480p"
    P360 = "360p"
    POSTER = "poster"
    PREVIEW = "preview"


class RenditionState(StrEnum):
    """Whether a rendition can be used."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not made because the video is no larger than this."""


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    id: UUID
    email: str
    name: str
    role: Role
    team_id: UUID
    team_name: str
    active: bool
    created_at: datetime


@dataclass(frozen=True)
class Campaign:
    """A marketing campaign of a team; generations may belong to one."""

    id: UUID
    team_id: UUID
    name: str
    archived_at: datetime | None


@dataclass(frozen=True)
class Session:
    """A sign-in that can be revoked; the cookie's value is only kept as a hash."""

    id: UUID
    person: Person
    expires_at: datetime


@dataclass(frozen=True)
class Price:
    """A model's price, frozen on the generation when it is admitted."""

    usd_per_unit: Decimal
    """USD for one billing unit of the model."""
    tokens_per_unit: int
    """Video tokens in one billing unit: 1,000,000 for the 1.x models, 1,000 for the 2.x ones."""
    source: str
    as_of: str
    """Day the price was read at the source, ISO 8601."""


@dataclass(frozen=True)
class InputImage:
    """A checked start or end image in the object store."""

    key: str
    sha256: str
    content_type: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True)
class Generation:
    """One request to make one video: the job and its money."""

    id: UUID
    person_id: UUID
    person_name: str
    team_id: UUID
    campaign_id: UUID | None
    campaign_name: str | None
    parent_id: UUID | None
    """The failed generation this one retries, None when it is not a retry."""
    status: GenerationStatus
    cause: FailureCause | None
    problem: str | None
    """What went wrong, in a person's words; None while nothing has."""
    todo: str | None
    model: str
    endpoint: str
    """fal's endpoint at the time of admission."""
    prompt: str
    """As the person wrote it."""
    sent_prompt: str
    """As fal gets it: with the motion wording."""
    parameters: dict[str, Any]
    """`resolution`, `duration_s`, `aspect_ratio`, `motion_intensity`, `camera_fixed`, …"""
    seed: int | None
    start_image: InputImage
    end_image: InputImage | None
    price: Price
    estimate_usd: Decimal
    lane: str
    """`interactive` or `batch`; interactive ones go first."""
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None


@dataclass(frozen=True)
class Attempt:
    """One submit of a generation to fal."""

    id: UUID
    generation_id: UUID
    number: int
    state: AttemptState
    endpoint: str
    marker: str
    """The address of the start image uploaded for this attempt only: finds it in fal's history."""
    request_id: str | None
    status_url: str | None
    response_url: str | None
    cancel_url: str | None
    start_deadline: datetime
    """After this fal no longer starts the request."""
    created_at: datetime
    accepted_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    queue_position: int | None
    inference_s: float | None
    logs: list[dict[str, Any]] = field(default_factory=list)
    looked_at: datetime | None = None
    """When fal's history was last searched for a lost answer; None: never."""
    look_count: int = 0
    look_problem: str | None = None
    """Why the last search failed, in a person's words; None when it did not."""
    found_ids: list[str] = field(default_factory=list)
    """Every request in fal's history that carried the marker."""


@dataclass(frozen=True)
class Charge:
    """Money spent on a generation."""

    generation_id: UUID
    amount_usd: Decimal
    billable_units: Decimal | None
    """What fal says it billed, in the model's billing units; None when it did not say."""
    verified: bool
    """False: the estimate stands in for a missing or absurd bill."""
    created_at: datetime


@dataclass(frozen=True)
class Rendition:
    """A file of a video."""

    video_id: UUID
    kind: RenditionKind
    state: RenditionState
    key: str | None
    content_type: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    sha256: str | None
    problem: str | None


@dataclass(frozen=True)
class Video:
    """The asset that a completed generation leaves. Its id is the generation's."""

    id: UUID
    title: str
    description: str
    tags: list[str]
    person_id: UUID
    person_name: str
    team_id: UUID
    campaign_id: UUID | None
    campaign_name: str | None
    model: str
    prompt: str
    parameters: dict[str, Any]
    seed: int | None
    path: str
    """Key of the file that is played."""
    poster_path: str
    size_bytes: int
    duration_s: Decimal
    resolution: str
    aspect_ratio: str
    fps: Decimal
    width: int
    height: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    """When it went to the trash; None when it did not."""
    renditions: dict[RenditionKind, Rendition]
