import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import live_sessions
from jobs.bootstrap import Services
from storage.models import GenerationStatus, Person, Role
from storage.records import attempts, generations, ledger, sessions

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Submit = Callable[..., UUID]
Owner = Callable[..., list[Any]]


@pytest.fixture
def queue(visit: Visit, person: Person) -> Open:
    """Opens the queue at an address: `queue(generation=…)`, as `person` unless told otherwise."""

    def run(who: Person | None = None, **address: str) -> AppTest:
        page = visit(who or person).run()
        page.switch_page("app_pages/queue.py")
        for name, value in address.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    return run


@pytest.fixture
def put(as_owner: Owner) -> Callable[..., None]:
    """Puts a generation into a status with what goes with it, past the lifecycle's guards."""

    def run(generation_id: UUID, status: str, **columns: object) -> None:
        ended = "now()" if status in ("failed", "canceled", "completed") else "null"
        more = "".join(f", {name} = %s" for name in columns)
        as_owner(
            f"update studio.generations set status = %s, finished_at = {ended}{more} where id = %s",
            status,
            *columns.values(),
            generation_id,
            triggers=False,
        )

    return run


def rows(page: AppTest) -> list[dict[str, Any]]:
    """The rows that the list shows; empty without a list."""
    for component in page.get("bidi_component"):
        if component.proto.component_name == "live_queue":
            return list(json.loads(component.proto.json)["rows"])
    return []


def load_of(page: AppTest) -> str:
    """What stands at the meter of the account's places."""
    return " ".join(meter.proto.text for meter in page.get("progress"))


def sections(page: AppTest) -> dict[str, dict[str, Any]]:
    """The headings of the list by stage."""
    (component,) = (c for c in page.get("bidi_component") if c.proto.component_name == "live_queue")
    found: dict[str, dict[str, Any]] = json.loads(component.proto.json)["sections"]
    return found


def press_in_list(page: AppTest, name: str, generation_id: UUID | str) -> AppTest:
    page.session_state["live_queue"] = {
        "act": {"name": name, "id": str(generation_id), "press": str(uuid4())}
    }
    return page.run()


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def words_of(page: AppTest) -> str:
    """All text of a page, without the marks that keep Markdown from reading it as its own."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning, *page.text, *page.html]
    return " ".join(block.value for block in blocks).replace("\\", "")


def test_an_empty_queue_leads_to_create(queue: Open) -> None:
    page = queue()
    assert "Nothing here right now" in words_of(page)
    assert [link.proto.label for link in page.get("page_link")] == ["Create a video"]


def test_what_was_submitted_stands_in_the_list_with_place_and_price(
    queue: Open, submit: Submit
) -> None:
    first, second = submit(), submit(prompt="Steam rises from the fresh coffee")
    page = queue()
    assert [row["id"] for row in rows(page)] == [str(first), str(second)]
    assert rows(page)[1]["phase"] == "Place 2 in our queue, 2 of your own."
    assert rows(page)[1]["money"] == "$0.02 estimated"
    assert "**0 of 20** places at fal in use · **2** waiting for us (2 yours)" in load_of(page)


def test_waiting_at_fal_stands_apart_from_waiting_for_us(
    queue: Open, submit: Submit, put: Callable[..., None], add_person: Callable[..., Person]
) -> None:
    at_fal, waits = submit(), submit()
    put(at_fal, "waiting")
    put(submit(add_person("Bob")), "running")
    page = queue()
    assert [(row["id"], row["stage"]) for row in rows(page)] == [
        (str(at_fal), "at_fal"),
        (str(waits), "waiting"),
    ]
    assert (sections(page)["at_fal"]["count"], sections(page)["waiting"]["count"]) == (1, 1)
    assert "**2 of 20** places at fal in use (1 yours)" in load_of(page)


def test_a_full_account_is_said_to_be_why(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    for generation_id in [submit() for _ in range(21)][:20]:
        put(generation_id, "running")
    note = sections(queue())["waiting"]["note"]
    assert note.startswith("Our 20 places at fal are taken")


def test_what_is_stopped_is_never_said_to_be_collected(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    generation_id = submit()
    put(generation_id, "collecting", cancel_requested_at=datetime.now(UTC))
    assert rows(queue())[0]["words"] == "Stopping"
    page = queue(generation=str(generation_id))
    assert "Stopping" in words_of(page)
    assert "Collecting" not in words_of(page)


def test_too_many_submits_are_refused_in_words(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    first, *_ = [submit() for _ in range(30)]
    put(first, "failed", cause="timeout", problem="fal gave up on it.")
    page = press_in_list(queue(), "again", first)
    assert "You have submitted 30 times within a minute" in words_of(page)


def test_a_colleagues_prompt_stays_hidden(
    queue: Open, submit: Submit, add_person: Callable[..., Person]
) -> None:
    submit(add_person("Bob"), prompt="A secret product turns slowly")
    assert rows(queue()) == []
    (row,) = rows(queue(whose="Everybody's"))
    assert row["title"] == "Bob's generation"
    assert row["acts"] == []
    assert "secret" not in json.dumps(row)


def test_a_manager_sees_and_stops_what_the_team_makes(
    queue: Open, submit: Submit, front: Services, add_person: Callable[..., Person]
) -> None:
    generation_id = submit(add_person("Bob"))
    page = queue(add_person("Mo", role=Role.MANAGER), whose="Everybody's")
    assert "stop" in [act["name"] for act in rows(page)[0]["acts"]]
    press_in_list(page, "stop", generation_id)
    with front.database.as_service() as tx:
        assert generations.by_id(tx, generation_id).status is GenerationStatus.CANCELED


def test_cancel_in_the_list_stops_it_and_frees_the_money(
    queue: Open, submit: Submit, front: Services
) -> None:
    generation_id = submit()
    page = press_in_list(queue(), "stop", generation_id)
    (row,) = rows(page)
    assert (row["words"], row["money"]) == ("Stopped", "Nothing charged")
    with front.database.as_service() as tx:
        assert ledger.open_hold_of(tx, generation_id) is None


def test_too_late_to_cancel_is_said_in_words(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    generation_id = submit()
    page = queue()
    put(generation_id, "collecting")
    press_in_list(page, "stop", generation_id)
    assert "It is too late to stop this video" in words_of(page)


@pytest.mark.parametrize("act", ["stop", "again", "open"])
def test_an_act_on_what_is_not_theirs_is_refused_in_words(
    queue: Open, submit: Submit, add_person: Callable[..., Person], act: str
) -> None:
    submit()
    foreign = submit(add_person("Eve", team="Sales"))
    page = press_in_list(queue(), act, foreign)
    assert not page.exception
    assert page.error


def test_an_act_with_a_made_up_id_does_nothing(queue: Open, submit: Submit) -> None:
    submit()
    page = press_in_list(queue(), "stop", "../../etc/passwd")
    assert not page.exception
    assert len(rows(page)) == 1


def test_a_failed_one_can_be_tried_again_from_the_list(
    queue: Open, submit: Submit, put: Callable[..., None], front: Services
) -> None:
    generation_id = submit()
    page = queue()
    put(generation_id, "failed", cause="timeout", problem="fal gave up on it.")
    press_in_list(page, "again", generation_id)
    new_id = UUID(page.query_params["generation"])
    with front.database.as_service() as tx:
        assert generations.by_id(tx, new_id).parent_id == generation_id


def test_what_was_refused_is_changed_before_it_is_tried_again(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    generation_id = submit()
    put(generation_id, "failed", cause="refused_prompt", problem="fal refused the prompt.")
    page = queue(generation=str(generation_id))
    assert "fal refused the prompt." in words_of(page)
    assert "Nothing was spent." in words_of(page)
    assert "Try again" not in labels(page)
    press(page, "Change and try again")
    assert page.text_area(key="create_prompt").value == "The sneaker turns slowly on its stand"
    assert not page.button(key="generate").disabled


def test_a_refused_one_has_no_try_again_in_the_list(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    put(submit(), "failed", cause="refused_start_image", problem="fal refused the image.")
    (row,) = rows(queue())
    assert [act["name"] for act in row["acts"]] == ["open"]


def test_one_generation_shows_its_prompt_settings_and_money(queue: Open, submit: Submit) -> None:
    generation_id = submit(motion_intensity=1.0, seed=42)
    page = queue(generation=str(generation_id))
    words = words_of(page)
    assert "The sneaker turns slowly on its stand. Dynamic, fast, powerful movement." in words
    assert "<dt>Set aside now</dt>" in words
    assert "<dt>Seed</dt><dd>42</dd>" in words
    assert "Our queue" in words


def test_one_generation_can_be_canceled_on_its_page(
    queue: Open, submit: Submit, front: Services
) -> None:
    generation_id = submit()
    page = press(queue(generation=str(generation_id)), "Cancel")
    assert "Stopped before a video was made." in words_of(page)


@pytest.mark.parametrize(
    ("status", "words"),
    [("queued", "Nothing is charged"), ("running", "bill it"), ("unknown", "bill it")],
)
def test_what_a_stop_may_cost_is_said_before_it(
    queue: Open, submit: Submit, put: Callable[..., None], status: str, words: str
) -> None:
    generation_id = submit()
    put(generation_id, status)
    page = queue(generation=str(generation_id))
    assert words in next(b for b in page.button if b.label == "Cancel").help
    assert words in next(a["hint"] for a in rows(queue())[0]["acts"] if a["name"] == "stop")


def test_a_stop_that_fal_was_asked_for_says_that_it_may_still_cost(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    generation_id = submit()
    put(generation_id, "running")
    page = press(queue(generation=str(generation_id)), "Cancel")
    assert "fal may still finish it, and then bills it" in words_of(page)


def test_markup_in_a_prompt_is_shown_as_text(queue: Open, submit: Submit) -> None:
    generation_id = submit(prompt="<img src=x onerror=alert(1)> ![x](http://evil.test) turns")
    page = queue(generation=str(generation_id))
    html = " ".join(block.value for block in page.html)
    assert "<img src=x" not in html
    assert "](http" not in page.subheader[0].value


def test_an_unknown_outcome_says_that_the_money_stays_and_not_to_submit_again(
    queue: Open, submit: Submit, put: Callable[..., None]
) -> None:
    generation_id = submit()
    put(generation_id, "unknown")
    words = words_of(queue(generation=str(generation_id)))
    assert "Outcome unknown" in words
    assert "stays set aside" in words
    assert "Don't submit it again" in words
    assert rows(queue())[0]["words"] == "Outcome unknown"


def test_an_unverified_charge_is_marked(
    queue: Open, submit: Submit, put: Callable[..., None], front: Services
) -> None:
    generation_id = submit()
    put(generation_id, "failed", cause="refused_output", problem="fal refused the video.")
    with front.database.as_service() as tx:
        ledger.charge(
            tx, generation_id, Decimal("0.02"), billable_units=None, verified=False, note=None
        )
    words = words_of(queue(generation=str(generation_id)))
    assert "Unverified" in words
    assert "$0.02 was charged" in words


@pytest.mark.parametrize("named", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_address_without_a_generation_is_said_in_words(queue: Open, named: str) -> None:
    page = queue(generation=named)
    assert page.error
    assert "All generations" in labels(page)


def test_a_colleagues_generation_has_no_page(
    queue: Open, submit: Submit, add_person: Callable[..., Person]
) -> None:
    page = queue(generation=str(submit(add_person("Bob"))))
    assert page.error
    assert "sneaker" not in words_of(page)


def test_a_locked_account_is_announced(queue: Open, submit: Submit, front: Services) -> None:
    submit()
    with front.database.as_service() as tx:
        attempts.lock_account(tx, "Exhausted balance", probe_after_s=60)
    assert "The account at fal has been locked since" in words_of(queue())


def test_the_list_goes_away_with_the_session(
    queue: Open, submit: Submit, front: Services, person: Person
) -> None:
    submit()
    page = queue()
    with front.database.as_service() as tx:
        sessions.revoke_of_person(tx, person.id)
    live_sessions().forget()
    press_in_list(page, "stop", uuid4())
    assert rows(page) == []
    assert page.subheader[0].value == "You are signed out"
