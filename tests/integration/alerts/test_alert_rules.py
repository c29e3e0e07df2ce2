"""Each rule of alerts: what makes it fire, whom it concerns, and what ends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from jobs import budgets as budget_acts
from jobs.admission import stop
from jobs.alerts import stuck_queue
from jobs.bootstrap import Services, opened_services
from jobs.errors import BudgetExceeded
from jobs.pricing import charge_for
from storage.models import GenerationStatus, Person, Role
from storage.records import attempts, budgets, events, generations, ledger
from storage.records.alerts import Alert, AlertKind, Severity
from storage.records.generations import Change
from storage.settings import Settings

Add = Callable[..., Person]
Submit = Callable[..., UUID]
Owner = Callable[..., list[Any]]
Check = Callable[..., None]
Limit = Callable[..., UUID]
OpenNow = Callable[[AlertKind], list[Alert]]


def refused(submit: Submit, *who: Person) -> None:
    with pytest.raises(BudgetExceeded):
        submit(*who)


def move(services: Services, generation_id: UUID, *statuses: str) -> None:
    with services.database.as_service() as tx:
        for status in statuses:
            now = generations.by_id(tx, generation_id).status
            wanted = GenerationStatus(status)
            assert generations.transition(tx, generation_id, [now], wanted, Change())


def send(services: Services, generation_id: UUID) -> UUID:
    """The generation with an attempt that may be at fal."""
    move(services, generation_id, "submitting")
    with services.database.as_service() as tx:
        return attempts.intend(
            tx,
            generation_id,
            endpoint="fal-ai/x",
            marker=str(generation_id),
            arguments={},
            start_timeout_s=60,
        )


# --- soft limits ---


def test_a_soft_limit_that_is_reached_is_told_and_resolved(
    services: Services,
    check: Check,
    open_now: OpenNow,
    limit: Limit,
    submit: Submit,
    person: Person,
) -> None:
    limit("team", person.team_id, "0.02")
    check()
    assert open_now(AlertKind.SOFT_LIMIT) == []
    generation_id = submit()
    check()
    (alert,) = open_now(AlertKind.SOFT_LIMIT)
    assert alert.title == "Soft limit reached: Marketing, daily budget"
    assert (alert.team_id, alert.person_id) == (person.team_id, None)
    stop(services, person, generation_id)
    check()
    assert open_now(AlertKind.SOFT_LIMIT) == []


def test_everybodys_own_soft_limit_is_told_for_each_person_it_concerns(
    check: Check, open_now: OpenNow, limit: Limit, submit: Submit, person: Person, add_person: Add
) -> None:
    limit("person", None, "0.01")
    own = add_person("Bob")
    limit("person", own.id, "50")
    submit()
    submit(own, prompt="The sneaker stands still")
    check()
    (alert,) = open_now(AlertKind.SOFT_LIMIT)
    assert (alert.person_id, alert.team_id) == (person.id, person.team_id)
    assert "Ann" in alert.happened


def test_a_budget_at_its_limit_that_goes_up_and_down_is_one_alert(
    services: Services,
    check: Check,
    open_now: OpenNow,
    limit: Limit,
    submit: Submit,
    person: Person,
) -> None:
    limit("organisation", None, "0.02")
    for number in range(3):
        generation_id = submit(prompt=f"The sneaker turns {number} times")
        check(settle_s=60)
        stop(services, person, generation_id)
        check(settle_s=60)
    assert len(open_now(AlertKind.SOFT_LIMIT)) == 1


# --- hard limits ---


def test_a_refusal_is_told_with_how_often_and_resolved_by_a_grant(
    services: Services,
    check: Check,
    open_now: OpenNow,
    limit: Limit,
    submit: Submit,
    person: Person,
    add_person: Add,
) -> None:
    budget_id = limit("team", person.team_id, "0.01", kind="hard")
    check()
    assert open_now(AlertKind.HARD_LIMIT) == []
    refused(submit)
    refused(submit)
    refused(submit, add_person("Bob"))
    check()
    (alert,) = open_now(AlertKind.HARD_LIMIT)
    assert (alert.subject, alert.times_seen) == (str(budget_id), 3)
    assert "refused 3 times" in alert.happened
    mia = add_person("Mia", role=Role.MANAGER)
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    budget_acts.grant(services, mia, budget_id, Decimal(5), ends_at=ends_at, reason="Launch")
    check()
    assert open_now(AlertKind.HARD_LIMIT) == []


def test_a_refusal_by_ones_own_limit_concerns_that_person(
    services: Services, check: Check, open_now: OpenNow, submit: Submit, person: Person
) -> None:
    with services.database.as_service() as tx:
        ledger.set_default_person_budget(tx, Decimal("0.01"))
    refused(submit)
    check()
    (alert,) = open_now(AlertKind.HARD_LIMIT)
    assert (alert.scope, alert.person_id) == ("person", person.id)


def test_a_limit_of_ones_own_ends_the_refusals_of_everybodys(
    services: Services,
    check: Check,
    open_now: OpenNow,
    limit: Limit,
    submit: Submit,
    person: Person,
) -> None:
    with services.database.as_service() as tx:
        ledger.set_default_person_budget(tx, Decimal("0.01"))
    refused(submit)
    check()
    limit("person", person.id, "5", kind="hard")
    check()
    assert open_now(AlertKind.HARD_LIMIT) == []


@pytest.mark.parametrize("ago", ["25 hours", "2 days"])
def test_a_refusal_of_another_day_is_no_longer_told(
    check: Check,
    open_now: OpenNow,
    limit: Limit,
    submit: Submit,
    person: Person,
    as_owner: Owner,
    ago: str,
) -> None:
    limit("team", person.team_id, "0.01", kind="hard", period="total")
    refused(submit)
    as_owner(f"update studio.budget_refusals set last_at = now() - interval '{ago}'")
    check()
    assert open_now(AlertKind.HARD_LIMIT) == []


def test_a_removed_budget_ends_its_alert(
    services: Services,
    check: Check,
    open_now: OpenNow,
    limit: Limit,
    submit: Submit,
    person: Person,
) -> None:
    budget_id = limit("team", person.team_id, "0.01", kind="hard")
    refused(submit)
    check()
    with services.database.as_service() as tx:
        budgets.remove(tx, budget_id)
    check()
    assert open_now(AlertKind.HARD_LIMIT) == []


def test_a_refusal_is_told_although_its_note_fails(
    limit: Limit, submit: Submit, person: Person, as_owner: Owner
) -> None:
    limit("team", person.team_id, "0.01", kind="hard")
    as_owner("alter table studio.budget_refusals rename to gone")
    refused(submit)
    as_owner("alter table studio.gone rename to budget_refusals")


# --- the account ---


def test_a_locked_account_is_told_without_secrets_and_resolved(
    services: Services, check: Check, open_now: OpenNow
) -> None:
    with services.database.as_service() as tx:
        attempts.lock_account(tx, "Key 0123456789abcdef is locked", probe_after_s=60)
    check()
    (alert,) = open_now(AlertKind.ACCOUNT_LOCKED)
    assert alert.severity is Severity.CRITICAL
    assert "0123456789abcdef" not in alert.happened
    with services.database.as_service() as tx:
        attempts.unlock_account(tx)
    check()
    assert open_now(AlertKind.ACCOUNT_LOCKED) == []


# --- unknown outcomes ---


def test_an_outcome_unknown_for_minutes_is_told_and_resolved(
    services: Services, check: Check, open_now: OpenNow, submit: Submit, as_owner: Owner
) -> None:
    generation_id = submit()
    attempt_id = send(services, generation_id)
    with services.database.as_service() as tx:
        attempts.mark_unknown(tx, attempt_id, "lost")
    move(services, generation_id, "unknown")
    check()
    assert open_now(AlertKind.UNKNOWN_OUTCOMES) == []
    as_owner("update studio.attempts set created_at = now() - interval '6 minutes'")
    check()
    (alert,) = open_now(AlertKind.UNKNOWN_OUTCOMES)
    assert "$0.02 stays set aside" in alert.cost
    with services.database.as_service() as tx:
        attempts.refuse(tx, attempt_id, "not booked")
    check()
    assert open_now(AlertKind.UNKNOWN_OUTCOMES) == []


# --- unverified charges ---


class Bill(NamedTuple):
    units: str | None
    words: str


BILLS = [
    Bill(None, "did not say"),
    Bill("-3", "-3 units"),
    Bill("0", "0 units"),
    Bill("999999999", "more than was set aside"),
    Bill("0.0000001", "far below the estimate"),
]


@pytest.mark.parametrize("bill", BILLS, ids=lambda bill: bill.words)
def test_a_bill_that_can_not_be_believed_is_told_until_it_is_corrected(
    services: Services,
    check: Check,
    open_now: OpenNow,
    submit: Submit,
    as_owner: Owner,
    add_person: Add,
    bill: Bill,
) -> None:
    generation_id = submit()
    units = Decimal(bill.units) if bill.units else None
    with services.database.as_service() as tx:
        generation = generations.by_id(tx, generation_id)
        decision = charge_for(units, generation.price, generation.estimate_usd)
        ledger.charge(
            tx,
            generation_id,
            decision.amount_usd,
            billable_units=units,
            verified=decision.verified,
            note=decision.reason,
        )
    check()
    (alert,) = open_now(AlertKind.UNVERIFIED_CHARGES)
    assert bill.words in alert.happened
    stop(services, add_person("Ada", role=Role.ADMIN), generation_id)
    budget_acts.adjust(
        services,
        add_person("Adi", role=Role.ADMIN),
        generation_id,
        Decimal("0.01"),
        note="As invoiced",
    )
    check()
    assert open_now(AlertKind.UNVERIFIED_CHARGES) == []


# --- stuck queues ---


@pytest.fixture
def long_ago(as_owner: Owner) -> Callable[[], None]:
    """Lets everything that waits have waited for five minutes."""

    def run() -> None:
        past = "now() - interval '5 minutes'"
        for change in (
            f"generations set created_at = {past}, updated_at = {past}",
            f"generation_history set at = {past}",
            f"turns set last_turn_at = {past}",
            f"videos set created_at = {past}",
        ):
            as_owner(f"update studio.{change}", triggers=False)

    return run


def test_generations_that_nobody_submits_are_told_and_resolved(
    services: Services,
    check: Check,
    open_now: OpenNow,
    submit: Submit,
    long_ago: Callable[[], None],
) -> None:
    submit()
    check()
    assert open_now(AlertKind.STUCK_QUEUE) == []
    long_ago()
    check()
    (alert,) = open_now(AlertKind.STUCK_QUEUE)
    assert alert.subject == "submit"
    assert "No submit worker is at work" in alert.todo
    with services.database.as_service() as tx:
        assert generations.claim_submit(tx, in_flight_limit=9, lease_s=30)
    check()
    assert open_now(AlertKind.STUCK_QUEUE) == []


def test_a_worker_that_is_there_and_does_nothing_is_named(
    services: Services,
    check: Check,
    open_now: OpenNow,
    submit: Submit,
    long_ago: Callable[[], None],
) -> None:
    submit()
    long_ago()
    with services.database.as_service() as tx:
        events.beat(tx, "submit")
    check()
    (alert,) = open_now(AlertKind.STUCK_QUEUE)
    assert "restart it" in alert.todo


def test_waiting_for_a_place_at_fal_is_no_stuck_queue(
    services: Services,
    check: Check,
    open_now: OpenNow,
    submit: Submit,
    long_ago: Callable[[], None],
    as_owner: Owner,
) -> None:
    for number in range(services.settings.in_flight_limit):
        move(services, submit(prompt=f"Turn {number} times"), "submitting", "waiting")
    last = submit(prompt="Turn once more")
    long_ago()
    check()
    assert open_now(AlertKind.STUCK_QUEUE) == []
    # A place is free since this moment; nobody could have claimed it long ago.
    (other,) = as_owner("select id from studio.generations where id <> %s limit 1", last)
    move(services, other[0], "collecting")
    check()
    assert open_now(AlertKind.STUCK_QUEUE) == []


def test_waiting_for_ones_own_place_is_no_stuck_queue(
    settings: Settings, submit: Submit, long_ago: Callable[[], None]
) -> None:
    chosen = settings.model_copy(update={"person_concurrency": 1})
    with opened_services(chosen) as services:
        move(services, submit(), "submitting", "waiting")
        submit(prompt="The sneaker waits for its turn")
        long_ago()
        with services.database.as_service() as tx:
            assert stuck_queue(services, tx) == []
        with opened_services(settings) as unlimited, unlimited.database.as_service() as tx:
            assert [found.subject for found in stuck_queue(unlimited, tx)] == ["submit"]


def test_a_locked_account_is_no_stuck_queue(
    services: Services,
    check: Check,
    open_now: OpenNow,
    submit: Submit,
    long_ago: Callable[[], None],
) -> None:
    submit()
    long_ago()
    with services.database.as_service() as tx:
        attempts.lock_account(tx, "locked", probe_after_s=60)
    check()
    assert open_now(AlertKind.STUCK_QUEUE) == []


def test_a_video_that_nobody_collects_is_told(
    services: Services,
    check: Check,
    open_now: OpenNow,
    submit: Submit,
    long_ago: Callable[[], None],
) -> None:
    move(services, submit(), "submitting", "waiting", "collecting")
    long_ago()
    check()
    assert [alert.subject for alert in open_now(AlertKind.STUCK_QUEUE)] == ["collect"]
    with services.database.as_service() as tx:
        assert generations.claim_collect(tx, lease_s=30)
    check()
    assert open_now(AlertKind.STUCK_QUEUE) == []


# --- the disk ---


@pytest.mark.parametrize(
    ("free_mb", "severity"), [(3000, None), (1000, Severity.WARNING), (100, Severity.CRITICAL)]
)
def test_little_space_is_told(
    check: Check,
    open_now: OpenNow,
    monkeypatch: pytest.MonkeyPatch,
    free_mb: int,
    severity: Severity | None,
) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(free_mb * 1024**2))
    check()
    assert [a.severity for a in open_now(AlertKind.DISK_LOW)] == [severity] * bool(severity)


# --- all of them ---


def test_many_checks_of_one_condition_are_one_alert(
    services: Services, check: Check, open_now: OpenNow
) -> None:
    with services.database.as_service() as tx:
        attempts.lock_account(tx, "locked", probe_after_s=60)
    for _ in range(5):
        check()
    (alert,) = open_now(AlertKind.ACCOUNT_LOCKED)
    assert alert.times_seen == 1
    assert alert.last_seen_at > alert.opened_at


def test_a_rule_that_fails_stops_no_other(
    services: Services, check: Check, open_now: OpenNow, as_owner: Owner
) -> None:
    with services.database.as_service() as tx:
        attempts.lock_account(tx, "locked", probe_after_s=60)
    as_owner("alter table studio.budget_refusals rename to gone")
    check()
    as_owner("alter table studio.gone rename to budget_refusals")
    assert len(open_now(AlertKind.ACCOUNT_LOCKED)) == 1
