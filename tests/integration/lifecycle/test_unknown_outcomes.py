"""A person settles a submit whose answer was lost: never a second POST, the books always right."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from jobs.admission import stop
from jobs.bootstrap import SIMULATOR_KEY, Services
from jobs.errors import FalError, FalUnavailable, IllegalTransition, InvalidRequest, NotAllowed
from jobs.fal.client import FalClient
from jobs.fal.messages import Accepted, Done, FoundRequest, RequestRef
from jobs.fal.simulator.process import Simulator
from jobs.open_outcomes import decisions_of, open_outcome
from jobs.recovery import resolve_unknowns, settle_unknowns
from jobs.resolving import (
    adopt,
    carry_out,
    mark_not_submitted,
    submit_again,
)
from jobs.submitting import keep_answer, submit_next
from storage.errors import RecordNotFound, StudioError
from storage.models import AttemptState, FailureCause, Generation, GenerationStatus, Person, Role
from storage.records import books

Submit = Callable[..., UUID]
Look = Callable[[UUID], Generation]
Until = Callable[..., Generation]

LOST = "A sneaker on a stand [fault:drop_answer]"
WHY = "I looked in fal's dashboard."


class History(FalClient):
    """The client, with another history at fal."""

    ids: list[str]
    trouble: FalError | None = None

    def find_requests(
        self,
        endpoint: str,
        since: datetime,
        marker_image_url: str,
        *,
        until: datetime | None = None,
    ) -> list[FoundRequest]:
        if self.trouble is not None:
            raise self.trouble
        return [
            FoundRequest(RequestRef(i, *[f"http://127.0.0.1/{i}"] * 3), None, None, None, None)
            for i in self.ids
        ]

    def shown_request(self, endpoint: str, since: datetime, request_id: str) -> FoundRequest | None:
        if self.trouble is not None:
            raise self.trouble
        return super().shown_request(endpoint, since, request_id)


@pytest.fixture
def history(services: Services, simulator: Simulator) -> Iterator[Services]:
    """Services with a fal whose history has what `history.fal.ids` says."""
    with History(SIMULATOR_KEY, simulator.url) as fal:
        fal.ids = []
        yield replace(services, fal=fal)


@pytest.fixture
def lost(services: Services, submit: Submit) -> Callable[..., UUID]:
    """A generation whose submit was booked and its answer lost."""

    def run(who: Person | None = None, words: str = "") -> UUID:
        generation_id = submit(who, prompt=f"{LOST} {words}")
        assert submit_next(services)
        return generation_id

    return run


@pytest.fixture
def at_fal(simulator: Simulator) -> Callable[[UUID], str]:
    """The id that fal gave the request of a generation."""

    def find(generation_id: UUID) -> str:
        tag = f"{generation_id}"
        (found,) = [r for r in simulator.requests() if r["tags"].get("generation") == tag]
        return str(found["request_id"])

    return find


@pytest.fixture
def past_deadline(as_owner: Any) -> Callable[[UUID], None]:
    """As if everything had happened two days ago."""

    def run(generation_id: UUID) -> None:
        as_owner(
            "update studio.attempts set start_deadline = start_deadline - interval '2 days',"
            " looked_at = looked_at - interval '2 days' where generation_id = %s",
            generation_id,
        )
        as_owner(
            "update studio.outcome_decisions set"
            " chargeable_until = chargeable_until - interval '2 days' where generation_id = %s",
            generation_id,
        )

    return run


# What the resolver remembers


def test_what_was_seen_at_fal_is_remembered(history: Services, lost: Any, person: Person) -> None:
    generation_id = lost()
    first = open_outcome(history, person, generation_id)
    assert first is not None
    assert (first.attempt.looked_at, first.attempt.look_count) == (None, 0)
    resolve_unknowns(history)
    seen = open_outcome(history, person, generation_id)
    assert seen is not None
    assert seen.attempt.looked_at is not None
    assert (seen.attempt.look_count, seen.attempt.found_ids) == (1, [])


def test_a_history_that_can_not_be_read_is_remembered_in_words(
    history: Any, lost: Any, person: Person
) -> None:
    generation_id = lost()
    history.fal.trouble = FalUnavailable("fal can't be reached at the moment.")
    resolve_unknowns(history)
    seen = open_outcome(history, person, generation_id)
    assert "can't be reached" in str(seen and seen.attempt.look_problem)


def test_after_several_matches_a_single_one_is_not_believed(
    history: Any, lost: Any, person: Person, look: Look
) -> None:
    generation_id = lost()
    history.fal.ids = ["one-of-two", "two-of-two"]
    resolve_unknowns(history)
    history.fal.ids = ["one-of-two"]
    resolve_unknowns(history)
    seen = open_outcome(history, person, generation_id)
    assert seen is not None
    assert seen.attempt.found_ids == ["one-of-two", "two-of-two"]
    assert look(generation_id).status is GenerationStatus.UNKNOWN


# Adopt


def test_an_adopted_request_gives_its_video_and_one_charge(
    services: Services,
    lost: Any,
    person: Person,
    at_fal: Any,
    until: Until,
    money: Any,
    posts: Any,
    broken: Any,
) -> None:
    generation_id = lost()
    adopt(services, person, generation_id, f" {at_fal(generation_id)}\n", WHY)
    assert until(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge.verified
    assert money(generation_id).hold is None
    assert posts(generation_id) == 1
    (decision,) = decisions_of(services, person, generation_id)
    assert (decision.what, decision.state, decision.reason) == ("adopted", "done", WHY)
    assert decision.decided_by_name == person.name
    assert broken() == []


def test_a_stopped_one_that_is_adopted_is_canceled_at_fal(
    services: Services, lost: Any, person: Person, at_fal: Any, until: Until, money: Any
) -> None:
    generation_id = lost(words="[fault:never_completes]")
    stop(services, person, generation_id)
    adopt(services, person, generation_id, at_fal(generation_id), WHY)
    assert until(generation_id).status is GenerationStatus.CANCELED
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("", "no request id"),
        ("../../etc", "no request id"),
        ("https://fal.ai/requests/1", "no request id"),
        ("00000000-0000-4000-8000-000000000000", "fal knows no request"),
    ],
)
def test_an_id_that_is_none_or_unknown_to_fal_is_refused(
    pasted: str, words: str, services: Services, lost: Any, person: Person, look: Look
) -> None:
    generation_id = lost()
    with pytest.raises(InvalidRequest, match=words):
        adopt(services, person, generation_id, pasted, WHY)
    assert look(generation_id).status is GenerationStatus.UNKNOWN


def test_a_request_of_another_generation_is_refused(
    services: Services, lost: Any, person: Person, submit: Submit, at_fal: Any
) -> None:
    generation_id, taken = lost(), submit()
    assert submit_next(services)
    with pytest.raises(InvalidRequest, match="another generation already"):
        adopt(services, person, generation_id, at_fal(taken), WHY)


def test_a_finished_request_with_another_image_is_refused(
    services: Services,
    lost: Any,
    person: Person,
    simulator: Simulator,
    look: Look,
    finished_at_fal: Any,
) -> None:
    generation_id = lost()
    foreign = services.fal.submit(
        look(generation_id).endpoint,
        {"prompt": "Another house's video", "image_url": f"{simulator.url}/files/none.png"},
        start_timeout_s=60,
    )
    finished_at_fal(foreign)
    with pytest.raises(InvalidRequest, match="another image"):
        adopt(services, person, generation_id, foreign.request_id, WHY)


def test_a_finished_request_of_another_model_is_refused(
    services: Services, lost: Any, person: Person, simulator: Simulator, finished_at_fal: Any
) -> None:
    generation_id = lost()
    foreign = services.fal.submit(
        services.catalog.by_key("seedance-1.0-pro").endpoint,
        {"prompt": "Another model's video", "image_url": f"{simulator.url}/files/none.png"},
        start_timeout_s=60,
    )
    finished_at_fal(foreign)
    with pytest.raises(InvalidRequest, match="does not have this request"):
        adopt(services, person, generation_id, foreign.request_id, WHY)


@pytest.fixture
def finished_at_fal(services: Services) -> Callable[[RequestRef], None]:
    """Waits until a request has ended at fal."""

    def run(request: RequestRef) -> None:
        deadline = time.monotonic() + 30
        while not isinstance(services.fal.status(request), Done):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return run


def test_without_the_right_to_read_the_history_the_persons_word_counts(
    history: Any, lost: Any, person: Person, at_fal: Any, look: Look
) -> None:
    generation_id = lost()
    history.fal.trouble = FalError("The fal key may not read fal's request history.")
    adopt(history, person, generation_id, at_fal(generation_id), WHY)
    assert look(generation_id).status is GenerationStatus.WAITING


def test_while_fal_can_not_be_asked_nothing_is_adopted(
    history: Any, lost: Any, person: Person, at_fal: Any, look: Look
) -> None:
    generation_id = lost()
    history.fal.trouble = FalUnavailable("fal can't be reached at the moment.")
    with pytest.raises(FalUnavailable):
        adopt(history, person, generation_id, at_fal(generation_id), WHY)
    assert look(generation_id).status is GenerationStatus.UNKNOWN


# Not submitted


def test_what_was_not_submitted_ends_in_words_without_cost(
    services: Services,
    lost: Any,
    person: Person,
    look: Look,
    money: Any,
    posts: Any,
    past_deadline: Any,
    broken: Any,
) -> None:
    generation_id = lost()
    past_deadline(generation_id)
    mark_not_submitted(services, person, generation_id, WHY, confirmed=False)
    generation = look(generation_id)
    assert (generation.status, generation.cause) == ("failed", FailureCause.PROVIDER_DOWN)
    assert f"{person.name} has looked at fal" in str(generation.problem)
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)
    assert not submit_next(services)
    assert posts(generation_id) == 1
    assert broken() == []


def test_before_the_deadline_it_needs_a_confirmation(
    services: Services, lost: Any, person: Person, look: Look, money: Any
) -> None:
    generation_id = lost()
    with pytest.raises(InvalidRequest, match="may still make this video"):
        mark_not_submitted(services, person, generation_id, WHY, confirmed=False)
    assert money(generation_id).hold is not None
    mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
    assert look(generation_id).status is GenerationStatus.FAILED


def test_a_stopped_one_that_was_not_submitted_ends_as_stopped(
    services: Services, lost: Any, person: Person, look: Look, money: Any, broken: Any
) -> None:
    generation_id = lost()
    stop(services, person, generation_id)
    mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
    assert look(generation_id).status is GenerationStatus.CANCELED
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)
    assert broken() == []


def test_what_fals_history_has_was_submitted(history: Any, lost: Any, person: Person) -> None:
    generation_id = lost()
    history.fal.ids = ["one-of-two", "two-of-two"]
    resolve_unknowns(history)
    with pytest.raises(InvalidRequest, match="one-of-two, two-of-two"):
        mark_not_submitted(history, person, generation_id, WHY, confirmed=True)


def test_a_decision_needs_a_reason(services: Services, lost: Any, person: Person) -> None:
    with pytest.raises(InvalidRequest, match="why"):
        mark_not_submitted(services, person, lost(), "  ", confirmed=True)


# Submit again


def test_submitting_again_makes_a_linked_generation_and_keeps_both_holds(
    services: Services,
    lost: Any,
    person: Person,
    look: Look,
    money: Any,
    posts: Any,
) -> None:
    generation_id = lost()
    new_id = submit_again(services, person, generation_id, WHY, confirmed=True)
    assert look(new_id).parent_id == generation_id
    assert money(new_id).hold is not None
    assert money(generation_id).hold is not None
    assert look(generation_id).status is GenerationStatus.UNKNOWN
    seen = open_outcome(services, person, generation_id)
    assert seen is not None
    assert seen.resubmitted_as == new_id
    assert posts(generation_id) == 1


def test_after_the_deadline_and_a_last_look_the_old_one_ends_and_frees_its_hold(
    history: Services,
    lost: Any,
    person: Person,
    look: Look,
    money: Any,
    past_deadline: Any,
    posts: Any,
    broken: Any,
) -> None:
    generation_id = lost()
    submit_again(history, person, generation_id, WHY, confirmed=True)
    past_deadline(generation_id)
    carry_out(history)
    assert look(generation_id).status is GenerationStatus.UNKNOWN, "the last look comes first"
    settle_unknowns(history)
    generation = look(generation_id)
    assert generation.status is GenerationStatus.FAILED
    assert "submitted again as another generation" in str(generation.problem)
    assert (money(generation_id).hold, money(generation_id).charge) == (None, None)
    assert posts(generation_id) == 1
    assert broken() == []


def test_a_request_that_is_found_after_all_is_kept_beside_the_second_one(
    services: Services,
    lost: Any,
    person: Person,
    until: Until,
    money: Any,
    posts: Any,
    found_at_fal: Any,
    broken: Any,
) -> None:
    generation_id = lost()
    new_id = submit_again(services, person, generation_id, WHY, confirmed=True)
    assert submit_next(services)
    found_at_fal(2)
    assert until(generation_id).status is GenerationStatus.COMPLETED
    assert until(new_id).status is GenerationStatus.COMPLETED
    carry_out(services)
    (decision,) = decisions_of(services, person, generation_id)
    assert decision.state == "overtaken"
    assert [posts(i) for i in (generation_id, new_id)] == [1, 1]
    assert [money(i).charge.verified for i in (generation_id, new_id)] == [True, True]
    assert broken() == []


def test_submitting_again_without_confirmation_is_refused(
    services: Services, lost: Any, person: Person, as_owner: Any
) -> None:
    generation_id = lost()
    with pytest.raises(InvalidRequest, match="both may be charged"):
        submit_again(services, person, generation_id, WHY, confirmed=False)
    assert as_owner("select count(*) from studio.generations") == [(1,)]


# Who, when, and two at once


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_managers_and_administrators_decide_for_others(
    role: Role, services: Services, lost: Any, add_person: Any, look: Look, person: Person
) -> None:
    generation_id = lost()
    boss = add_person("Mia", role=role, team="Marketing" if role is Role.MANAGER else "Office")
    mark_not_submitted(services, boss, generation_id, WHY, confirmed=True)
    assert look(generation_id).status is GenerationStatus.FAILED
    (decision,) = decisions_of(services, person, generation_id)
    assert decision.decided_by_name == "Mia"


@pytest.mark.parametrize(
    ("name", "role", "team"),
    [
        ("Bob", Role.MEMBER, "Marketing"),
        ("Max", Role.MANAGER, "Sales"),
        ("Ana", Role.ANALYST, "Marketing"),
    ],
)
def test_nobody_else_decides(
    name: str,
    role: Role,
    team: str,
    services: Services,
    lost: Any,
    add_person: Any,
    look: Look,
    at_fal: Any,
) -> None:
    generation_id, other = lost(), add_person(name, role=role, team=team)
    for act in (
        lambda: adopt(services, other, generation_id, at_fal(generation_id), WHY),
        lambda: mark_not_submitted(services, other, generation_id, WHY, confirmed=True),
        lambda: submit_again(services, other, generation_id, WHY, confirmed=True),
        lambda: (
            decisions_of(services, other, generation_id)
            or open_outcome(services, other, generation_id)
        ),
    ):
        with pytest.raises((RecordNotFound, NotAllowed)):
            act()
    assert look(generation_id).status is GenerationStatus.UNKNOWN


def test_what_is_known_needs_no_decision(
    services: Services, submit: Submit, person: Person, at_fal: Any
) -> None:
    generation_id = submit()
    assert submit_next(services)
    assert open_outcome(services, person, generation_id) is None
    with pytest.raises(IllegalTransition, match="nothing left to decide"):
        mark_not_submitted(services, person, generation_id, WHY, confirmed=True)


def test_two_decisions_at_once_end_in_one(
    services: Services,
    lost: Any,
    person: Person,
    at_fal: Any,
    until: Until,
    money: Any,
    posts: Any,
    broken: Any,
    tries: Any,
) -> None:
    generation_id = lost()
    request_id = at_fal(generation_id)

    def act(number: int) -> str | None:
        try:
            if number == 0:
                adopt(services, person, generation_id, request_id, WHY)
            else:
                mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
        except StudioError as exc:
            return type(exc).__name__
        return None

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(act, range(2)))
    assert sorted(answers, key=str) == ["IllegalTransition", None]
    ended = until(generation_id)
    adopted = answers[0] is None
    assert ended.status == ("completed" if adopted else "failed")
    assert (money(generation_id).charge is not None) == adopted
    assert tries(generation_id)[0].state is AttemptState.ENDED
    assert posts(generation_id) == 1
    assert broken() == []


def test_two_second_submits_at_once_are_one(
    services: Services, lost: Any, person: Person, as_owner: Any
) -> None:
    generation_id = lost()

    def act(_: int) -> str | None:
        try:
            submit_again(services, person, generation_id, WHY, confirmed=True)
        except IllegalTransition as exc:
            return exc.happened
        return None

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(act, range(2)))
    assert answers.count(None) == 1
    assert as_owner("select count(*) from studio.generations") == [(2,)]
    assert as_owner("select count(*) from studio.holds where released_at is null") == [(2,)]


def test_a_decision_whose_process_died_is_carried_out_by_the_next_look(
    services: Services,
    lost: Any,
    person: Person,
    look: Look,
    money: Any,
    monkeypatch: pytest.MonkeyPatch,
    history: Services,
) -> None:
    generation_id = lost()
    with monkeypatch.context() as killed:
        killed.setattr("jobs.resolving.carry_out", lambda services: 0)
        mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
    assert look(generation_id).status is GenerationStatus.UNKNOWN
    settle_unknowns(history)
    assert look(generation_id).status is GenerationStatus.FAILED
    assert money(generation_id).hold is None


def test_a_request_that_is_found_first_overtakes_a_decision(
    services: Services,
    lost: Any,
    person: Person,
    until: Until,
    found_at_fal: Any,
    monkeypatch: pytest.MonkeyPatch,
    money: Any,
) -> None:
    generation_id = lost()
    with monkeypatch.context() as killed:
        killed.setattr("jobs.resolving.carry_out", lambda services: 0)
        mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
    found_at_fal(1)
    carry_out(services)
    assert until(generation_id).status is GenerationStatus.COMPLETED
    assert money(generation_id).charge.verified
    (decision,) = decisions_of(services, person, generation_id)
    assert decision.state == "overtaken"


def test_what_was_given_up_too_early_is_still_looked_for_and_told(
    services: Services, lost: Any, person: Person, look: Look, money: Any, tries: Any
) -> None:
    generation_id = lost()
    mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
    deadline = time.monotonic() + 30
    while not tries(generation_id)[0].found_ids:
        assert resolve_unknowns(services) == 0
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert look(generation_id).status is GenerationStatus.FAILED
    with services.database.as_service() as tx:
        told = {b.name: b.rows for b in books.broken_invariants(tx)}["found_after_the_end"]
    assert [row["id"] for row in told] == [str(generation_id)]


def test_an_answer_that_comes_after_it_was_given_up_is_told(
    services: Services, lost: Any, person: Person, at_fal: Any, tries: Any
) -> None:
    generation_id = lost()
    mark_not_submitted(services, person, generation_id, WHY, confirmed=True)
    ref = services.fal.request_ref(tries(generation_id)[0].endpoint, at_fal(generation_id))
    answer = Accepted(ref.request_id, ref.status_url, ref.response_url, ref.cancel_url, None)
    keep_answer(services, generation_id, tries(generation_id)[0].id, answer)
    (attempt,) = tries(generation_id)
    assert (attempt.state, attempt.found_ids) == (AttemptState.ENDED, [ref.request_id])
