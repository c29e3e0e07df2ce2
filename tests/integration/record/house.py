"""A company with two teams and Ann's rows in every table, to look at as each kind of person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import SecretStr

from storage.errors import RecordForbidden
from storage.models import Campaign, GenerationStatus, InputImage, Person, RenditionKind, Role
from storage.postgres import Database, Transaction
from storage.records import (
    alerts,
    attempts,
    budgets,
    campaigns,
    cdn,
    curation,
    events,
    exports,
    ledger,
    outcomes,
    people,
    product_images,
    saved_queries,
    sessions,
    shares,
)
from storage.records.alerts import AlertKind, Finding, Message, Severity
from storage.records.gallery import Verdict
from storage.records.outcomes import Decided, NewDecision
from storage.records.shares import NewShare
from tests.integration.record.record_rows import (
    acting,
    add_attempt,
    add_complete,
    add_held,
    move,
    sql,
)

OWN, COLLEAGUE, OUTSIDER = "own", "colleague", "outsider"
MANAGER, OTHER_MANAGER, ANALYST, ADMIN = "manager", "other_manager", "analyst", "admin"
NOBODY, ANON = "nobody", "anon"
PEOPLE = (OWN, COLLEAGUE, OUTSIDER, MANAGER, OTHER_MANAGER, ANALYST, ADMIN)
ALL = (*PEOPLE, NOBODY, ANON)
SHARE_TOKEN = "guest"


@dataclass(frozen=True)
class House:
    """The company. `queued` and `completed` are Ann's generations."""

    url: SecretStr
    database: Database
    people: dict[str, Person]
    campaign: Campaign
    others_campaign: Campaign
    queued: UUID
    completed: UUID

    @contextmanager
    def acting_as(self, who: str) -> Iterator[Transaction]:
        """A transaction of one kind of person."""
        if who == ANON:
            with acting(self.url, "anon") as tx:
                yield tx
        else:
            person_id = uuid4() if who == NOBODY else self.people[who].id
            with self.database.as_person(person_id) as tx:
                yield tx

    def id_of(self, who: str) -> UUID:
        """Their id; a new one for nobody in particular."""
        return self.people[who].id if who in self.people else uuid4()

    def may(self, who: str, act: Callable[[Transaction], object]) -> bool:
        """Whether the act has an effect when this person does it; it is undone again."""
        try:
            with self.acting_as(who) as tx:
                raise _UndoneError(act(tx))
        except _UndoneError as undone:
            return bool(undone.args[0])
        except RecordForbidden:
            return False


class _UndoneError(Exception):
    """Rolls an act back and tells what came of it."""


def build_house(url: SecretStr, database: Database) -> House:
    """Fill a fresh database."""
    with database.as_service() as tx:
        everyone = _add_people(tx)
        ann, cid = everyone[OWN], everyone[OUTSIDER]
        spring = campaigns.ensure(tx, ann.team_id, "Spring", ann.id)
        theirs = campaigns.ensure(tx, cid.team_id, "Theirs", cid.id)
        _add_budgets(tx, ann, spring)
        _add_secrets(tx, ann)
        completed = add_complete(tx, ann, campaign_id=spring.id)
        queued = add_held(tx, ann)
        add_attempt(tx, queued)
        tx.run(sql("insert into studio.turns values (%(id)s, now())"), id=ann.id)
        _add_alerts(tx, ann)
        cdn.claim_missing(tx, datetime.now(UTC) - timedelta(days=1), limit=10)
        cdn.ask_purge(tx, ["https://cdn.acme.test/old.mp4"])
    with database.as_person(ann.id) as tx:
        alerts.note_refusal(tx, None, scope="team", period="day", asked_usd=Decimal(60))
    _add_decision(database, ann)
    _add_opinions(database, ann, completed)
    _add_share(database, ann, completed)
    _add_queries(database, everyone[MANAGER])
    return House(url, database, everyone, spring, theirs, queued, completed)


def _add_queries(database: Database, mia: Person) -> None:
    with database.as_person(mia.id) as tx:
        for whom in ("nobody", "team", "company"):
            saved_queries.save(tx, mia.id, mia.team_id, whom, "select 1", {}, shared_with=whom)
    with database.as_service() as tx:
        saved_queries.begin_run(tx, mia.id, mia.team_id, "select 1", {}, demo=False)


def _add_people(tx: Transaction) -> dict[str, Person]:
    company = {
        OWN: ("Ann", Role.MEMBER, "Marketing"),
        COLLEAGUE: ("Ben", Role.MEMBER, "Marketing"),
        OUTSIDER: ("Cid", Role.MEMBER, "Sales"),
        MANAGER: ("Mia", Role.MANAGER, "Marketing"),
        OTHER_MANAGER: ("Max", Role.MANAGER, "Sales"),
        ANALYST: ("Ana", Role.ANALYST, "Marketing"),
        ADMIN: ("Ada", Role.ADMIN, "Office"),
    }
    return {
        who: people.add(tx, email=f"{name}@acme.test", name=name, role=role, team=team)
        for who, (name, role, team) in company.items()
    }


def _add_budgets(tx: Transaction, ann: Person, spring: Campaign) -> None:
    targets = {"organisation": None, "team": ann.team_id, "campaign": spring.id, "person": ann.id}
    for scope, target in targets.items():
        ledger.set_budget(
            tx, scope=scope, period="day", kind="hard", limit_usd=Decimal(50), target=target
        )
    ledger.set_default_person_budget(tx, Decimal(40))
    month = budgets.set_limit(
        tx, scope="team", target_id=ann.team_id, period="month", kind="soft", limit_usd=Decimal(50)
    )
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    budgets.grant(tx, month, Decimal(10), ends_at=tomorrow, reason="The launch")


def _add_alerts(tx: Transaction, ann: Person) -> None:
    words = ("Look", "Something happened.", "Nothing was spent.", "Look at it.")
    studio = Finding(AlertKind.DISK_LOW, "", Severity.WARNING, *words)
    team = replace(studio, kind=AlertKind.SOFT_LIMIT, scope="team", team_id=ann.team_id)
    own = replace(team, subject="own", scope="person", person_id=ann.id)
    for finding in (studio, team, own):
        alerts.see(tx, finding)
    for alert in alerts.open_alerts(tx, limit=3):
        alerts.note_told(tx, alert.id, "JSON", Message.OPENED)


def _add_decision(database: Database, ann: Person) -> None:
    with database.as_service() as tx:
        generation_id = add_held(tx, ann)
        attempt_id = add_attempt(tx, generation_id)
        move(tx, generation_id, GenerationStatus.SUBMITTING, GenerationStatus.UNKNOWN)
        attempts.mark_unknown(tx, attempt_id, "The answer was lost.")
    with database.as_person(ann.id) as tx:
        outcomes.decide(tx, new_decision(generation_id, attempt_id, ann.id))


def _add_opinions(database: Database, ann: Person, video_id: UUID) -> None:
    """Ann curates her video, keeps two searches and brings a product image."""
    image = InputImage("inputs/vase.png", "c" * 64, "image/png", 720, 1280, 1000)
    with database.as_person(ann.id) as tx:
        curation.rate(tx, ann.id, [video_id], 4)
        curation.favour(tx, ann.id, [video_id], favourite=True)
        curation.judge(tx, ann.id, [video_id], Verdict.APPROVED, "Lovely")
        for name, shared in (("Mine", False), ("Ours", True)):
            curation.save_search(tx, ann.id, ann.team_id, name, {"q": ["vase"]}, shared=shared)
        product_images.add(tx, ann.team_id, image, 1, [], None)
        exports.add(tx, ann.id, [video_id], RenditionKind.WEB, "{title}")


def _add_share(database: Database, ann: Person, video_id: UUID) -> None:
    """Ann gives a guest a link, and the guest says something."""
    ends = datetime.now(UTC) + timedelta(days=7)
    new = NewShare(video_id, ends, "$argon2id$test", allow_download=True, wants_verdict=True)
    with database.as_person(ann.id) as tx:
        shares.make(tx, ann.id, SHARE_TOKEN, new)
    with database.as_service() as tx:
        share = shares.find(tx, SHARE_TOKEN)
        assert share is not None
        assert shares.add_verdict(tx, share, Verdict.APPROVED, "Gus", "Good", most=1)


def new_decision(generation_id: UUID, attempt_id: UUID, person_id: UUID) -> NewDecision:
    """Somebody marks a lost submit as not submitted."""
    return NewDecision(
        generation_id=generation_id,
        attempt_id=attempt_id,
        what=Decided.NOT_SUBMITTED,
        reason="It is not in fal's dashboard.",
        confirmed=True,
        chargeable_until=datetime.now(UTC) + timedelta(hours=1),
        decided_by=person_id,
    )


def _add_secrets(tx: Transaction, ann: Person) -> None:
    people.set_password_hash(tx, ann.id, "$argon2id$test")
    sessions.open_session(tx, "cookie", ann.id, hours=1, user_agent="")
    sessions.add_link(tx, "link", ann.id, hours=1)
    events.add(tx, "viewed", person_id=ann.id, team_id=ann.team_id)
    events.beat(tx, "watcher")
    tx.run(sql("update studio.events set at = at - interval '1 second' where kind = 'viewed'"))
