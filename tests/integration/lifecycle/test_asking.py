"""What a person asks for: requests that are refused, tries anew, and stops at every moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from jobs.admission import retry, stop
from jobs.bootstrap import Services
from jobs.errors import BudgetExceeded, IllegalTransition, InvalidRequest, NotAllowed
from jobs.fal.simulator.process import Simulator
from jobs.lifecycle import Event
from jobs.moves import move
from jobs.submitting import submit_next
from storage.errors import RecordNotFound
from storage.models import FailureCause, Generation, GenerationStatus, Person, Role
from storage.records import ledger

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]

NOTHING = {"generations": 0, "holds": 0, "attempts": 0, "events": 0}


@pytest.fixture
def rows(as_owner: Any) -> Callable[[], dict[str, int]]:
    def count() -> dict[str, int]:
        return {table: as_owner(f"select count(*) from studio.{table}")[0][0] for table in NOTHING}

    return count


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": "Short"}, "prompt"),
        ({"prompt": "x" * 501}, "prompt"),
        ({"prompt": "A naked person turns slowly"}, "prompt"),
        ({"image": None}, "image"),
        ({"resolution": "4320p"}, "resolution"),
        ({"duration_s": 99}, "duration_s"),
        ({"aspect_ratio": "17:3"}, "aspect_ratio"),
        ({"seed": -5}, "seed"),
        ({"motion_intensity": 2}, "motion_intensity"),
        ({"model": "sora"}, "model"),
    ],
)
def test_a_request_that_can_not_be_made_leaves_no_trace(
    fields: dict[str, object], field: str, submit: Submit, rows: Any, simulator: Simulator
) -> None:
    before = simulator.counts()["posted"]
    with pytest.raises(InvalidRequest) as refused:
        submit(**fields)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert rows() == NOTHING
    assert simulator.counts()["posted"] == before


def test_a_budget_without_room_refuses_in_words_and_leaves_no_trace(
    services: Services, submit: Submit, person: Person, rows: Any
) -> None:
    with services.database.as_service() as tx:
        ledger.set_budget(
            tx,
            scope="person",
            period="day",
            kind="hard",
            limit_usd=Decimal("0.02"),
            target=person.id,
        )
    with pytest.raises(BudgetExceeded) as refused:
        submit()
    assert "Your daily budget has no room" in refused.value.happened
    assert "$0.02 of $0.02 is free" in refused.value.happened
    assert "ask a manager" in refused.value.todo
    assert rows() == NOTHING


def test_an_analyst_makes_no_videos(submit: Submit, add_person: Any, rows: Any) -> None:
    analyst = add_person("Ada", role=Role.ANALYST)
    with pytest.raises(NotAllowed):
        submit(analyst)
    assert rows() == NOTHING


def test_a_bell_that_can_not_be_rung_does_not_stop_a_request(
    services: Services, submit: Submit, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.bells, "ring", lambda bell, times=1: False)
    assert look(submit()).status is GenerationStatus.QUEUED


# Stop


@pytest.fixture
def brought(
    services: Services, submit: Submit, watch: Until, until: Until
) -> Callable[[str], UUID]:
    """A generation in a status that stays until somebody acts."""
    words = {
        "unknown": "[fault:drop_answer]",
        "running": "[fault:never_completes]",
        "failed": "[fault:refuse_prompt]",
    }

    def run(status: str) -> UUID:
        generation_id = submit(prompt=f"A sneaker on a stand {words.get(status, '')}")
        if status in ("unknown", "waiting"):
            submit_next(services)
        elif status in ("running", "collecting"):
            watch(generation_id, status)
        elif status in ("completed", "failed"):
            until(generation_id, status)
        return generation_id

    return run


@pytest.mark.parametrize("status", ["collecting", "completed", "failed"])
def test_a_stop_that_comes_too_late_says_what_became_of_it(
    status: str, services: Services, person: Person, brought: Any, look: Look
) -> None:
    generation_id = brought(status)
    with pytest.raises(IllegalTransition) as late:
        stop(services, person, generation_id)
    assert ("already made it" in late.value.happened) == (status != "failed")
    assert ("charged" in late.value.cost) == (status != "failed")
    assert look(generation_id).status == status


def test_a_stop_that_meets_a_submit_going_back_to_the_queue_is_taken(
    services: Services, person: Person, submit: Submit, look: Look, as_owner: Any
) -> None:
    generation_id = submit()
    with services.database.as_service() as tx:
        move(tx, generation_id, Event.SUBMIT_BEGUN)
    with ThreadPoolExecutor(1) as pool:
        with services.database.as_service() as tx:
            move(tx, generation_id, Event.NOT_BOOKED)
            answer = pool.submit(stop, services, person, generation_id)
            until_somebody_waits_for_a_lock(as_owner)
        assert answer.result(20) is GenerationStatus.CANCELED
    assert look(generation_id).status is GenerationStatus.CANCELED


def until_somebody_waits_for_a_lock(as_owner: Any) -> None:
    deadline = time.monotonic() + 20
    waiting = (
        "select pid from pg_stat_activity"
        " where wait_event_type = 'Lock' and datname = current_database()"
    )
    while not as_owner(waiting):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_run_that_is_stopped_at_fal_ends_without_cost(
    services: Services, person: Person, brought: Any, until: Until, money: Any, broken: Any
) -> None:
    generation_id = brought("running")
    stop(services, person, generation_id)
    assert until(generation_id).status is GenerationStatus.CANCELED
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)
    assert broken() == []


def test_a_stop_that_fal_ignores_gives_the_video_and_its_charge(
    services: Services, person: Person, submit: Submit, until: Until, money: Any, broken: Any
) -> None:
    generation_id = submit(prompt="A sneaker on a stand [fault:cancel_ignored]")
    submit_next(services)
    stop(services, person, generation_id)
    assert until(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge.verified
    assert broken() == []


def test_a_stop_of_an_unknown_outcome_is_settled_when_it_is_found(
    services: Services,
    person: Person,
    submit: Submit,
    until: Until,
    money: Any,
    posts: Any,
    found_at_fal: Any,
) -> None:
    generation_id = submit(prompt="A sneaker on a stand [fault:drop_answer]")
    submit_next(services)
    stop(services, person, generation_id)
    found_at_fal(1)
    assert until(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge is not None
    assert money(generation_id).hold is None
    assert posts(generation_id) == 1


def test_nobody_stops_what_they_can_not_see(
    services: Services, submit: Submit, add_person: Any, look: Look
) -> None:
    generation_id = submit()
    with pytest.raises(RecordNotFound):
        stop(services, add_person("Bob"), generation_id)
    assert look(generation_id).status is GenerationStatus.QUEUED


def test_a_manager_stops_what_their_team_submitted(
    services: Services, submit: Submit, add_person: Any
) -> None:
    boss = add_person("Mia", role=Role.MANAGER)
    assert stop(services, boss, submit()) is GenerationStatus.CANCELED


# Retry


def test_a_retry_is_a_new_generation_linked_to_the_old(
    services: Services, person: Person, submit: Submit, until: Until, look: Look, money: Any
) -> None:
    old = until(submit(prompt="A sneaker on a stand [fault:result_500]", seed=7))
    new = look(retry(services, person, old.id))
    assert (new.parent_id, new.seed, new.prompt) == (old.id, 7, old.prompt)
    assert new.status is GenerationStatus.QUEUED
    assert money(new.id).hold is not None


def test_pressing_try_again_several_times_pays_for_one_try(
    services: Services, person: Person, submit: Submit, rows: Any
) -> None:
    old = submit()
    stop(services, person, old)
    with ThreadPoolExecutor(4) as presses:
        made = set(presses.map(lambda _: retry(services, person, old), range(4)))
    assert made == {retry(services, person, old)}
    assert (rows()["generations"], rows()["holds"]) == (2, 2)
    stop(services, person, *made)
    assert retry(services, person, old) not in made


def test_a_retry_has_todays_price(
    services: Services, person: Person, submit: Submit, look: Look, money: Any
) -> None:
    old = submit()
    stop(services, person, old)
    dearer = tuple(
        m.model_copy(
            update={
                "prices": tuple(
                    p.model_copy(update={"usd_per_million_tokens": p.usd_per_million_tokens * 2})
                    for p in m.prices
                )
            }
        )
        for m in services.catalog.models
    )
    catalog = services.catalog.model_copy(update={"models": dearer})
    new = look(retry(replace(services, catalog=catalog), person, old))
    assert new.estimate_usd == 2 * look(old).estimate_usd
    assert money(new.id).hold.amount_usd > look(old).estimate_usd


@pytest.mark.parametrize("fault", ["refuse_prompt", "refuse_start_image", "bad_image"])
def test_what_would_be_refused_again_is_not_tried_again(
    fault: str, services: Services, person: Person, submit: Submit, until: Until
) -> None:
    old = until(submit(prompt=f"A sneaker on a stand [fault:{fault}]"))
    with pytest.raises(InvalidRequest, match="refused again"):
        retry(services, person, old.id)


def test_a_refused_output_may_be_tried_again(
    services: Services, person: Person, submit: Submit, until: Until, look: Look
) -> None:
    old = until(submit(prompt="A sneaker on a stand [fault:refuse_output]"))
    assert old.cause is FailureCause.REFUSED_OUTPUT
    assert look(retry(services, person, old.id)).parent_id == old.id


def test_what_still_runs_is_not_tried_again(
    services: Services, person: Person, submit: Submit
) -> None:
    with pytest.raises(IllegalTransition):
        retry(services, person, submit())


def test_a_retry_needs_room_in_the_budget(
    services: Services, person: Person, submit: Submit
) -> None:
    old = submit()
    stop(services, person, old)
    with services.database.as_service() as tx:
        ledger.set_default_person_budget(tx, Decimal("0.01"))
    with pytest.raises(BudgetExceeded):
        retry(services, person, old)
