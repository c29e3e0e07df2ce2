"""A history of spend in the record: generations of chosen days, outcomes and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

from storage.models import GenerationStatus, Person
from storage.postgres import Database
from storage.records import campaigns, curation, ledger
from storage.records.gallery import Verdict
from tests.integration.record.record_rows import PATHS, add_held, add_video, move

S = GenerationStatus
Owner = Callable[..., list[Any]]
ENDS = (*[S.COMPLETED] * 6, S.FAILED, S.CANCELED)


class SpentHistory:
    """Adds generations that are over, and corrections."""

    def __init__(self, database: Database, as_owner: Owner) -> None:
        self._database = database
        self._owner = as_owner

    def add(
        self,
        person: Person,
        *,
        days_ago: float = 1.0,
        usd: str | None = "1.5",
        status: GenerationStatus = S.COMPLETED,
        verdict: Verdict | None = None,
        resolution: str = "480p",
        duration_s: int = 5,
        **asked: Any,
    ) -> UUID:
        """One generation that ended that long ago and was charged `usd`. None: not
        charged, which only what is not completed can be."""
        made = self._add_now(person, usd, status, verdict, resolution, duration_s, asked)
        self._move_back({made: days_ago})
        return made

    def _add_now(
        self,
        person: Person,
        usd: str | None,
        status: GenerationStatus,
        verdict: Verdict | None,
        resolution: str,
        duration_s: int,
        asked: dict[str, Any],
    ) -> UUID:
        asked["parameters"] = {"resolution": resolution, "duration_s": duration_s}
        asked.setdefault("fingerprint", uuid4().hex)
        with self._database.as_service() as tx:
            made = add_held(tx, person, **asked)
            if usd is not None:
                ledger.charge(tx, made, Decimal(usd), billable_units=None, verified=True, note=None)
            move(tx, made, *PATHS[status])
            if status is S.COMPLETED:
                add_video(tx, made)
        if verdict is not None:
            with self._database.as_person(person.id) as tx:
                curation.judge(tx, person.id, [made], verdict, "")
        return made

    def add_many(self, people: list[Person], number: int, *, seed: int = 7) -> None:
        """Many of all kinds, over the last 80 days; the same for the same seed."""
        dice = Random(seed)
        days_ago: dict[UUID, float] = {}
        campaign = self._campaign(people[0])
        for _ in range(number):
            person, status = dice.choice(people), dice.choice(ENDS)
            charged = status is S.COMPLETED or dice.random() < 0.5
            in_campaign = person.team_id == people[0].team_id and dice.random() < 0.5
            days = dice.uniform(0.01, 80)
            made = self._add_now(
                person,
                f"{dice.uniform(0.01, 9):.6f}" if charged else None,
                status,
                dice.choice([*Verdict, None]) if status is S.COMPLETED else None,
                dice.choice(["480p", "720p"]),
                dice.choice([5, 10]),
                {
                    "model": dice.choice(["lite", "pro"]),
                    "estimate_usd": Decimal(f"{dice.uniform(0.01, 9):.6f}"),
                    "campaign_id": campaign if in_campaign else None,
                },
            )
            days_ago[made] = days
        self._move_back(days_ago)

    def correct(self, scope: str, target_id: UUID | None, usd: str) -> None:
        """A correction of now that belongs to no generation."""
        with self._database.as_service() as tx:
            ledger.adjust_scope(tx, scope, target_id, Decimal(usd), "On the invoice")

    def _campaign(self, person: Person) -> UUID:
        with self._database.as_service() as tx:
            return campaigns.ensure(tx, person.team_id, "Spring", person.id).id

    def _move_back(self, days_ago: Mapping[UUID, float]) -> None:
        """All in one: the owner has a connection of its own for each statement."""
        self._owner(
            "with moved as (select * from unnest(%s::uuid[], %s::float8[]) as m (id, days)),"
            " charged as (update studio.charges as c"
            "  set created_at = c.created_at - m.days * interval '1 day'"
            "  from moved as m where c.generation_id = m.id)"
            " update studio.generations as g set"
            "  created_at = g.created_at - m.days * interval '1 day',"
            "  submitted_at = g.submitted_at - m.days * interval '1 day',"
            "  finished_at = g.finished_at - m.days * interval '1 day'"
            " from moved as m where g.id = m.id",
            *(list(days_ago), list(days_ago.values())),
            triggers=False,
        )
