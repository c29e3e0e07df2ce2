"""The box for a submit whose answer was lost, and its three decisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from jobs.bootstrap import Services
from jobs.fal.simulator.process import Simulator
from jobs.resolving import mark_not_submitted
from jobs.submitting import submit_next
from storage.models import Generation, GenerationStatus, Person, Role
from storage.records import attempts, generations, ledger, outcomes

Visit = Callable[[Person], AppTest]
Submit = Callable[..., UUID]
ADOPT, ABSENT, AGAIN = "I found it at fal", "fal never got it", "Submit it again"


@pytest.fixture
def lost(front: Services, submit: Submit) -> UUID:
    """A generation whose submit was booked and its answer lost."""
    generation_id = submit(prompt="A sneaker on a stand [fault:drop_answer]")
    assert submit_next(front)
    return generation_id


@pytest.fixture
def page_of(visit: Visit, person: Person) -> Callable[..., AppTest]:
    """The page of a generation, as `person` unless told otherwise."""

    def run(generation_id: UUID | None, who: Person | None = None) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/queue.py")
        if generation_id is not None:
            page.query_params["generation"] = str(generation_id)
        page.run()
        assert not page.exception
        return page

    return run


@pytest.fixture
def now(front: Services) -> Callable[[UUID], Generation]:
    """The generation as it is now."""

    def read(generation_id: UUID) -> Generation:
        with front.database.as_service() as tx:
            return generations.by_id(tx, generation_id)

    return read


def note(front: Services, generation_id: UUID, ids: list[str], problem: str | None = None) -> None:
    with front.database.as_service() as tx:
        attempt_id = generation_attempt(front, generation_id)
        outcomes.note_look(tx, attempt_id, ids, problem)


def generation_attempt(front: Services, generation_id: UUID) -> UUID:
    with front.database.as_service() as tx:
        return attempts.of_generation(tx, generation_id)[-1].id


def choose(page: AppTest, label: str) -> AppTest:
    (choice,) = [c for c in page.button_group if c.label == "What do you know?"]
    return choice.set_value(label).run()


def fill(page: AppTest, label: str, words: str) -> None:
    next(field for field in page.text_input if field.label == label).set_value(words)


def press(page: AppTest, label: str) -> AppTest:
    page = next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def words_of(page: AppTest) -> str:
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning, *page.code, *page.html]
    return " ".join(block.value for block in blocks).replace("\\", "")


def test_the_box_says_what_happened_what_it_may_cost_and_what_was_seen(
    page_of: Any, lost: UUID
) -> None:
    words = words_of(page_of(lost))
    assert "fal may be making this video, or not" in words
    assert "$0.03 stays set aside" in words
    assert "Don't submit it again" in words
    assert "has not been searched yet" in words


def test_after_a_look_it_says_when_and_how_many_were_found(
    page_of: Any, lost: UUID, front: Services
) -> None:
    note(front, lost, [])
    words = words_of(page_of(lost))
    assert "Searched fal's request history once, last" in words
    assert "no request carries this generation's image" in words


def test_several_matches_are_shown_with_their_ids(
    page_of: Any, lost: UUID, front: Services
) -> None:
    note(front, lost, ["first-match", "second-match"])
    words = words_of(page_of(lost))
    assert "fal has 2 requests like this" in words
    assert "first-match\nsecond-match" in words


def test_a_history_that_can_not_be_read_is_said(page_of: Any, lost: UUID, front: Services) -> None:
    note(front, lost, [], "fal can't be reached at the moment.")
    assert "it can't be read. fal can't be reached" in words_of(page_of(lost))


def test_a_pasted_request_id_settles_it(
    page_of: Any, lost: UUID, now: Any, simulator: Simulator
) -> None:
    (booked,) = [r for r in simulator.requests() if r["tags"].get("generation") == str(lost)]
    page = choose(page_of(lost), ADOPT)
    fill(page, "Request id at fal", booked["request_id"])
    fill(page, "Why", "It is in the dashboard")
    page = press(page, "Adopt this request")
    assert now(lost).status is GenerationStatus.WAITING
    assert "What do you know?" not in [c.label for c in page.button_group]
    assert "Ann found it at fal as" in words_of(page)
    assert "It is in the dashboard" in words_of(page)


def test_a_wrong_request_id_is_refused_in_words_and_kept_in_the_field(
    page_of: Any, lost: UUID, now: Any
) -> None:
    page = choose(page_of(lost), ADOPT)
    fill(page, "Request id at fal", "00000000-0000-4000-8000-000000000000")
    fill(page, "Why", "A guess")
    page = press(page, "Adopt this request")
    assert "fal knows no request" in words_of(page)
    assert page.text_input[0].value == "00000000-0000-4000-8000-000000000000"
    assert now(lost).status is GenerationStatus.UNKNOWN


def test_not_submitted_needs_the_box_ticked_and_then_frees_the_money(
    page_of: Any, lost: UUID, now: Any, front: Services
) -> None:
    page = choose(page_of(lost), ABSENT)
    fill(page, "Why", "It is not in the dashboard")
    page = press(page, "Mark as not submitted")
    assert "Confirm that you have looked at fal" in words_of(page)
    page.checkbox[0].check()
    page = press(page, "Mark as not submitted")
    assert now(lost).status is GenerationStatus.FAILED
    with front.database.as_service() as tx:
        assert ledger.open_hold_of(tx, lost) is None
    assert "Ann has looked at fal: it was not submitted" in words_of(page)
    assert "Ann marked it as not submitted" in words_of(page)


def test_submitting_again_opens_the_new_one_and_links_to_it(
    page_of: Any, lost: UUID, now: Any
) -> None:
    page = choose(page_of(lost), AGAIN)
    fill(page, "Why", "It can't wait")
    page.checkbox[0].check()
    page = press(page, "Submit again")
    new_id = UUID(page.query_params["generation"])
    assert now(new_id).parent_id == lost
    old = page_of(lost)
    assert "you get both videos" in words_of(old)
    (choice,) = [c for c in old.button_group if c.label == "What do you know?"]
    assert AGAIN not in str(choice.options)
    assert UUID(press(old, "Open the second one").query_params["generation"]) == new_id


def test_past_its_deadline_nothing_has_to_be_ticked(
    page_of: Any, lost: UUID, now: Any, as_owner: Any
) -> None:
    as_owner("update studio.attempts set start_deadline = start_deadline - interval '2 days'")
    page = choose(page_of(lost), ABSENT)
    assert "not found at fal in time" in words_of(page)
    assert not page.checkbox
    fill(page, "Why", "Nothing there")
    press(page, "Mark as not submitted")
    assert now(lost).status is GenerationStatus.FAILED


def test_what_somebody_else_has_decided_meanwhile_is_said(
    page_of: Any, lost: UUID, front: Services, add_person: Any
) -> None:
    page = choose(page_of(lost), ABSENT)
    fill(page, "Why", "It is not in the dashboard")
    page.checkbox[0].check()
    boss = add_person("Mia", role=Role.MANAGER)
    mark_not_submitted(front, boss, lost, "I was first", confirmed=True)
    page = press(page, "Mark as not submitted")
    assert "Mia marked it as not submitted" in words_of(page)
    assert "Mia has looked at fal" in words_of(page)


def test_a_manager_decides_and_a_colleague_sees_nothing(
    page_of: Any, lost: UUID, add_person: Any
) -> None:
    boss = page_of(lost, add_person("Mia", role=Role.MANAGER))
    assert [c.label for c in boss.button_group] == ["What do you know?"]
    other = page_of(lost, add_person("Bob"))
    assert other.error
    assert not other.button_group


def test_the_list_says_that_somebody_has_to_decide(page_of: Any, lost: UUID) -> None:
    assert "1 generation has an unknown outcome" in words_of(page_of(None))
