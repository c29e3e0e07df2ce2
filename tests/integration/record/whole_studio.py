"""A studio that takes one generation the whole way, and can be put back to how it was then."""

from __future__ import annotations

import time
from pathlib import Path
from uuid import UUID

import psycopg
from pydantic import SecretStr

from jobs.admission import admit
from jobs.bootstrap import Services
from jobs.collecting import collect_next
from jobs.images import check_image
from jobs.rendering import render_next
from jobs.requests import read_draft
from jobs.submitting import submit_next
from storage.models import FINAL_STATUSES, GenerationStatus, Role
from storage.records import generations, ledger, people
from tests.watching import watching

SAMPLE = Path(__file__).parents[3] / "dashboard" / "samples" / "sneaker.webp"
ONE_OPEN_ATTEMPT = """
create unique index if not exists attempts_one_open on studio.attempts (generation_id)
where state in ('intended', 'accepted', 'unknown')"""
GIVEN = """
select string_agg(quote_ident(column_name), ', ') from information_schema.columns
where table_schema = 'studio' and table_name = %s and is_generated = 'NEVER'"""
TABLES = (
    "generations",
    "generation_history",
    "attempts",
    "outcome_decisions",
    "holds",
    "charges",
    "held_usd",
    "spent_usd",
    "videos",
    "renditions",
    "processes",
    "migrations",
)


def work_until_completed(services: Services, generation_id: UUID) -> None:
    deadline = time.monotonic() + 60
    with watching(services):
        while True:
            with services.database.as_service() as tx:
                status = generations.by_id(tx, generation_id).status
            if status in FINAL_STATUSES:
                break
            assert time.monotonic() < deadline, f"still {status}"
            if not (submit_next(services) or collect_next(services)):
                time.sleep(0.02)
    assert status is GenerationStatus.COMPLETED
    assert render_next(services)


def admit_one(services: Services) -> UUID:
    with services.database.as_service() as tx:
        ledger.set_default_person_budget(tx, services.settings.person_day_limit_usd)
        ann = people.add(tx, email="a@acme.test", name="Ann", role=Role.MEMBER, team="Marketing")
    image = check_image(SAMPLE.read_bytes(), 30 * 1024 * 1024, SAMPLE.name)
    return admit(
        services,
        ann,
        read_draft(
            {"image": image, "prompt": "The sneaker turns", "resolution": "480p", "duration_s": 2}
        ),
    )


def keep(url: SecretStr) -> None:
    """Remember every row of the record."""
    with psycopg.connect(url.get_secret_value()) as owner:
        owner.execute("create schema kept")
        for table in TABLES:
            owner.execute(f"create table kept.{table} as table studio.{table}".encode())


def restore(url: SecretStr) -> None:
    """Make the record what it was."""
    with psycopg.connect(url.get_secret_value()) as owner:
        owner.execute("set session_replication_role = replica")
        for table in TABLES:
            owner.execute(f"delete from studio.{table}".encode())
            given = owner.execute(GIVEN, (table,)).fetchone()
            assert given is not None
            owner.execute(
                f"insert into studio.{table} ({given[0]}) overriding system value "
                f"select {given[0]} from kept.{table}".encode()
            )
        owner.execute(ONE_OPEN_ATTEMPT)
