"""Rows for tests of the record: a generation in any status, and what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from storage.models import (
    FailureCause,
    GenerationStatus,
    InputImage,
    Person,
    Price,
    Rendition,
    RenditionKind,
    RenditionState,
)
from storage.postgres import Transaction, mapped_errors
from storage.records import attempts, generations, ledger, videos
from storage.records.generations import Change, NewGeneration
from storage.records.videos import NewVideo
from storage.sqlfiles import Query

S = GenerationStatus
ESTIMATE_USD = Decimal("1.000000")
PATHS: dict[GenerationStatus, tuple[GenerationStatus, ...]] = {
    S.QUEUED: (),
    S.SUBMITTING: (S.SUBMITTING,),
    S.UNKNOWN: (S.SUBMITTING, S.UNKNOWN),
    S.WAITING: (S.SUBMITTING, S.WAITING),
    S.RUNNING: (S.SUBMITTING, S.WAITING, S.RUNNING),
    S.COLLECTING: (S.SUBMITTING, S.WAITING, S.COLLECTING),
    S.COMPLETED: (S.SUBMITTING, S.WAITING, S.COLLECTING, S.COMPLETED),
    S.FAILED: (S.FAILED,),
    S.CANCELING: (S.SUBMITTING, S.CANCELING),
    S.CANCELED: (S.CANCELED,),
}
"""One legal way from queued to every status."""


def sql(text: str) -> Query:
    """A statement of a test as the record's door takes it."""
    return Query("test", "A statement of a test.", text)


def new_generation(person: Person, **changes: object) -> NewGeneration:
    """A generation of this person, as it is admitted."""
    image = InputImage("inputs/aa.png", "aa", "image/png", 640, 480, 1000)
    usual = NewGeneration(
        id=uuid4(),
        person_id=person.id,
        team_id=person.team_id,
        campaign_id=None,
        parent_id=None,
        lane="interactive",
        title=f"What {person.name} wrote",
        tags=["shoe"],
        model="lite",
        endpoint="fal-ai/model",
        prompt="A secret plan",
        sent_prompt="A secret plan",
        parameters={"resolution": "480p", "duration_s": 5},
        seed=1,
        start_image=image,
        end_image=None,
        fingerprint="f",
        price=Price(Decimal("1.8"), 1_000_000, "fal.ai", "2025-01-01"),
        estimate_usd=ESTIMATE_USD,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def add_held(tx: Transaction, person: Person, **changes: object) -> UUID:
    """A queued generation with its hold, which is as large as its estimate."""
    new = new_generation(person, **changes)
    generations.insert(tx, new)
    ledger.place_hold(tx, new.id, new.estimate_usd, expires_s=3600)
    return new.id


def move(tx: Transaction, generation_id: UUID, *path: GenerationStatus) -> None:
    """Change the status along a path; every change has to be made."""
    for status in path:
        change = Change(cause=FailureCause.OUR_BUG if status is S.FAILED else None)
        assert generations.transition(tx, generation_id, list(S), status, change)


def finish(tx: Transaction, generation_id: UUID, amount_usd: Decimal = ESTIMATE_USD) -> None:
    """Charge a queued generation and complete it."""
    ledger.charge(tx, generation_id, amount_usd, billable_units=None, verified=True, note=None)
    move(tx, generation_id, *PATHS[S.COMPLETED])


def add_attempt(tx: Transaction, generation_id: UUID) -> UUID:
    """An intended attempt of a generation."""
    return attempts.intend(
        tx,
        generation_id,
        endpoint="fal-ai/model",
        marker=f"https://files.test/{uuid4()}",
        arguments={},
        start_timeout_s=60,
    )


def add_video(tx: Transaction, generation_id: UUID) -> None:
    """The video of a completed generation, with one file."""
    key = f"videos/{generation_id}/web.mp4"
    new = NewVideo(
        generation_id, key, key, 1, 10, Decimal(5), "16:9", Decimal(24), width=864, height=480
    )
    videos.insert(tx, new)
    web = Rendition(
        generation_id, RenditionKind.WEB, RenditionState.READY, key, "video/mp4", 10, 864, 480,
        "aa", None,
    )  # fmt: skip
    videos.put_rendition(tx, web)


def add_complete(tx: Transaction, person: Person, **changes: object) -> UUID:
    """A completed generation with everything that belongs to one."""
    generation_id = add_held(tx, person, **changes)
    add_attempt(tx, generation_id)
    finish(tx, generation_id)
    add_video(tx, generation_id)
    return generation_id


@contextmanager
def acting(url: SecretStr, role: str, claims: str = "") -> Iterator[Transaction]:
    """A transaction under any role with any claims, past the record's door."""
    with mapped_errors(), psycopg.connect(url.get_secret_value(), row_factory=dict_row) as raw:
        raw.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            (role, claims),
        )
        yield Transaction(raw)
