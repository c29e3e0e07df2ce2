import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from jobs.bootstrap import Services
from storage.models import Generation, Person
from storage.records import campaigns, generations, ledger
from tests.pages.conftest import FRAME

Visit = Callable[[Person], AppTest]
PROMPT = "The bottle turns slowly in golden light"


@pytest.fixture
def create(visit: Visit, person: Person) -> AppTest:
    """The Create page of a member."""
    page = visit(person).run().switch_page("app_pages/create.py").run()
    assert not page.exception
    return page


@pytest.fixture
def submitted(
    front: Services, person: Person, as_owner: Callable[..., list[Any]]
) -> Callable[[], list[Generation]]:
    """Everything that was submitted."""

    def read() -> list[Generation]:
        ids = as_owner("select id from studio.generations order by created_at")
        with front.database.as_service() as tx:
            return [generations.by_id(tx, row[0]) for row in ids]

    return read


def words_of(page: AppTest) -> str:
    """All text of a page, without the marks that keep Markdown from reading it as its own."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning, *page.text]
    return " ".join(block.value for block in blocks).replace("\\", "")


def picture(width: int, height: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "PNG")
    return target.getvalue()


def upload(page: AppTest, width: int, height: int) -> AppTest:
    return page.file_uploader[0].upload("product.png", picture(width, height)).run()


def at_settings(page: AppTest) -> AppTest:
    page.button(key="sample_1").click().run()
    return press(page, "Next: settings")


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def test_a_newcomer_sees_the_price_and_what_is_missing(create: AppTest) -> None:
    assert create.metric[0].value == "$0.10"
    assert create.button(key="generate").disabled
    assert "Still needed: a start image and a prompt." in words_of(create)
    assert "$100.00 of $100.00 is free in your daily budget" in words_of(create)
    assert "no money is spent for real" in words_of(create)


def test_a_sample_fills_image_and_prompt(create: AppTest) -> None:
    create.button(key="sample_0").click().run()
    assert "perfume bottle" in (create.text_area(key="create_prompt").value or "")
    assert "720 × 1280 pixels" in words_of(create)
    assert not create.button(key="generate").disabled


def test_two_presses_from_a_newcomer_to_a_video_in_the_queue(
    create: AppTest, submitted: Callable[[], list[Generation]], person: Person
) -> None:
    create.button(key="sample_0").click().run()
    create.button(key="generate").click().run()
    (generation,) = submitted()
    assert create.query_params["generation"] == str(generation.id)
    assert create.toast[0].value.startswith("Submitted.")
    assert generation.person_id == person.id
    assert generation.parameters["aspect_ratio"] == "9:16"
    assert generation.parameters["duration_s"] == 5


def test_the_form_is_empty_after_it_was_submitted(
    create: AppTest, submitted: Callable[[], list[Generation]]
) -> None:
    create.button(key="sample_0").click().run()
    create.button(key="generate").click().run()
    create.switch_page("app_pages/create.py").run()
    assert create.text_area(key="create_prompt").value == ""
    assert create.button(key="generate").disabled
    assert len(submitted()) == 1


def test_a_draft_survives_a_visit_to_another_page(create: AppTest) -> None:
    upload(create, 800, 600)
    create.text_area(key="create_prompt").set_value(PROMPT).run()
    create.switch_page("app_pages/queue.py").run()
    create.switch_page("app_pages/create.py").run()
    assert create.text_area(key="create_prompt").value == PROMPT
    assert "product.png · 800 × 600 pixels" in words_of(create)


def test_settings_survive_a_visit_to_another_page(create: AppTest) -> None:
    at_settings(create).radio(key="create_model").set_value("seedance-1.0-pro").run()
    create.switch_page("app_pages/queue.py").run()
    create.switch_page("app_pages/create.py").run()
    assert create.radio(key="create_model").value == "seedance-1.0-pro"


def test_an_unusable_image_is_named_at_once(create: AppTest) -> None:
    upload(create, 200, 900)
    assert "product.png is 200 × 900 pixels." in words_of(create)
    assert create.button(key="generate").disabled


def test_an_image_can_be_taken_out_again(create: AppTest) -> None:
    upload(create, 800, 600)
    create.button(key="remove_create_image").click().run()
    assert "product.png" not in words_of(create)


def test_a_short_prompt_is_told_how_much_is_missing(create: AppTest) -> None:
    upload(create, 800, 600)
    create.text_area(key="create_prompt").set_value("Hey").run()
    assert "at least 10 characters; you have 3" in words_of(create)
    assert create.button(key="generate").disabled


def test_the_image_chooses_the_ratio_that_crops_least(create: AppTest) -> None:
    upload(create, 600, 1000)
    create.text_area(key="create_prompt").set_value(PROMPT).run()
    press(create, "Next: settings")
    assert create.pills(key="create_ratio").value == "9:16"


def test_another_ratio_than_the_images_says_that_it_crops(create: AppTest) -> None:
    at_settings(create)
    assert "crop" not in words_of(create)
    create.pills(key="create_ratio").set_value("1:1").run()
    assert "fal will crop it around its centre to 1:1" in words_of(create)


def test_the_price_follows_the_duration(create: AppTest) -> None:
    at_settings(create).segmented_control(key="create_duration").set_value(10).run()
    assert create.metric[0].value == "$0.21"
    assert create.button(key="generate").label.replace("\\", "") == "Generate · $0.21"


def test_the_ratio_of_the_image_costs_up_to_the_largest(create: AppTest) -> None:
    at_settings(create).pills(key="create_ratio").set_value("auto").run()
    assert create.metric[0].value.startswith("up to $")


def test_other_durations_are_behind_one_choice(create: AppTest) -> None:
    at_settings(create).segmented_control(key="create_duration").set_value(0).run()
    create.select_slider(key="create_other_duration").set_value(3).run()
    assert create.metric[0].value == "$0.06"


def test_a_model_shows_only_the_fields_it_takes(create: AppTest) -> None:
    at_settings(create)
    assert {toggle.label for toggle in create.toggle} == {
        "Fixed camera",
        "Safety checker",
        "Random seed",
    }
    create.radio(key="create_model").set_value("seedance-2.5").run()
    assert not create.exception
    assert [toggle.label for toggle in create.toggle] == ["Sound"]
    assert "always takes the shape of the start image" in words_of(create)
    assert create.file_uploader[0].label.startswith("End image")


def test_motion_shows_what_it_adds_to_the_prompt(create: AppTest) -> None:
    at_settings(create).slider(key="create_motion").set_value(1.0).run()
    assert "Dynamic adds “Dynamic, fast, powerful movement.”" in words_of(create).replace("*", "")
    assert create.text[-1].value.endswith("sweeping over it. Dynamic, fast, powerful movement.")


def test_chosen_settings_are_what_is_submitted(
    create: AppTest, submitted: Callable[[], list[Generation]]
) -> None:
    at_settings(create).segmented_control(key="create_resolution").set_value("480p").run()
    create.toggle(key="create_random_seed").set_value(False).run()
    create.number_input(key="create_seed").set_value(42).run()
    create.toggle(key="create_still").set_value(True).run()
    create.button(key="generate").click().run()
    (generation,) = submitted()
    assert generation.seed == 42
    assert generation.parameters["resolution"] == "480p"
    assert generation.parameters["camera_fixed"] is True


def test_a_chosen_campaign_counts_the_video(
    front: Services, visit: Visit, person: Person, submitted: Callable[[], list[Generation]]
) -> None:
    with front.database.as_person(person.id) as tx:
        campaigns.ensure(tx, person.team_id, "Spring launch", person.id)
    page = visit(person).run()
    page.button(key="sample_0").click().run()
    page.selectbox(key="create_campaign").set_value("Spring launch").run()
    page.button(key="generate").click().run()
    assert submitted()[0].campaign_name == "Spring launch"


def _submit_in_a_new_campaign() -> None:
    """A script of its own, because AppTest can't type a new option."""
    from dashboard.components.create_draft import read_form
    from dashboard.components.sample_picker import use_sample
    from dashboard.services import services
    from dashboard.submitting import submit

    use_sample(1)
    submit(read_form(services().catalog), "Spring launch")


def test_a_new_campaign_is_made_when_the_video_is_submitted(
    visit: Visit, person: Person, submitted: Callable[[], list[Generation]]
) -> None:
    page = AppTest.from_function(_submit_in_a_new_campaign, default_timeout=30)
    page.user = visit(person).user
    assert not page.run().exception
    assert submitted()[0].campaign_name == "Spring launch"


def test_a_budget_without_room_is_said_before_and_refuses_without_losing_the_form(
    front: Services, visit: Visit, person: Person, submitted: Callable[[], list[Generation]]
) -> None:
    with front.database.as_service() as tx:
        ledger.set_default_person_budget(tx, Decimal("0.05"))
    page = visit(person).run()
    page.button(key="sample_0").click().run()
    assert "your daily budget has $0.05 left" in words_of(page)
    page.button(key="generate").click().run()
    assert "Your daily budget has no room for this video" in words_of(page)
    assert "perfume bottle" in (page.text_area(key="create_prompt").value or "")
    assert submitted() == []


def test_a_refusal_disappears_with_the_next_change(
    front: Services, visit: Visit, person: Person
) -> None:
    with front.database.as_service() as tx:
        ledger.set_default_person_budget(tx, Decimal("0.05"))
    page = visit(person).run()
    page.button(key="sample_0").click().run()
    page.button(key="generate").click().run()
    assert page.error
    page.text_area(key="create_prompt").set_value(PROMPT).run()
    assert not page.error


def test_a_value_that_only_a_changed_client_can_send_is_put_right(create: AppTest) -> None:
    at_settings(create)
    create.session_state["create_resolution"] = "99999p"
    create.run()
    assert not create.exception
    assert create.segmented_control(key="create_resolution").value == "720p"


def test_every_sample_has_a_card() -> None:
    from dashboard.components.sample_picker import load_samples

    for sample in load_samples():
        file = FRAME.parent / sample.card.removeprefix("/app/")
        with Image.open(file) as card:
            assert card.size == (480, 360)
