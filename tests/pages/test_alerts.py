from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from dashboard import alert_reads
from dashboard import services as front_services
from jobs.alert_round import tell
from jobs.alerts import check_rules
from jobs.bootstrap import Services
from storage.models import Person, Role
from storage.records import alerts, attempts, events
from storage.records.alerts import AlertKind, Finding, Severity
from tests.alert_receiver import SECRET, Receiver, running_receiver

Visit = Callable[[Person], AppTest]
Open = Callable[[Person], AppTest]
Add = Callable[..., Person]
LOCKED = "fal refuses the account"


@pytest.fixture
def ada(add_person: Add) -> Person:
    return add_person("Ada", role=Role.ADMIN, team="Office")


@pytest.fixture
def mia(add_person: Add) -> Person:
    return add_person("Mia", role=Role.MANAGER)


@pytest.fixture(autouse=True)
def fresh_reads() -> None:
    alert_reads.overview.clear()
    alert_reads.open_now.clear()


@pytest.fixture
def watched(front: Services) -> None:
    """A watcher gave a sign of life just now."""
    with front.database.as_service() as tx:
        events.beat(tx, "watcher")


@pytest.fixture
def opened(visit: Visit) -> Open:
    def run(who: Person) -> AppTest:
        page = visit(who).run().switch_page("app_pages/alerts.py").run()
        assert not page.exception
        return page

    return run


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as server:
        yield server


@pytest.fixture
def told(front: Services, receiver: Receiver) -> Services:
    """The studio of the pages, with a receiver of its alerts."""
    settings = front.settings.model_copy(update={"alert_urls": SecretStr(receiver.url)})
    studio = replace(front, settings=settings)
    front_services.install(studio)
    return studio


def lock(services: Services) -> None:
    with services.database.as_service() as tx:
        attempts.lock_account(tx, "locked", probe_after_s=60)
    check_rules(services)


def over(services: Services) -> None:
    with services.database.as_service() as tx:
        attempts.unlock_account(tx)
    check_rules(services, settle_s=0)


def soft_limit(services: Services, who: Person, person_id: UUID | None = None) -> None:
    with services.database.as_service() as tx:
        alerts.see(
            tx,
            Finding(
                AlertKind.SOFT_LIMIT,
                f"{who.team_id}{person_id}",
                Severity.WARNING,
                f"Soft limit reached: {who.name if person_id else who.team_name}",
                f"The budget of {who.name if person_id else who.team_name} is <b>used</b> up.",
                "$9.00 is spent.",
                "Spend less.",
                scope="person" if person_id else "team",
                team_id=who.team_id,
                person_id=person_id,
            ),
        )


def words_of(page: AppTest) -> str:
    blocks = [
        *page.html,
        *page.markdown,
        *page.caption,
        *page.subheader,
        *page.error,
        *page.success,
        *page.info,
    ]
    return " ".join(block.value for block in blocks).replace("\\", "")


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ANALYST])
def test_the_page_is_for_managers_and_administrators(
    visit: Visit, add_person: Add, role: Role
) -> None:
    page = visit(add_person("Eve", role=role)).run()
    with pytest.raises(ValueError, match="alerts"):
        page.switch_page("app_pages/alerts.py")


@pytest.mark.usefixtures("watched")
def test_no_alert_is_all_quiet(opened: Open, ada: Person) -> None:
    assert "All quiet" in words_of(opened(ada))


def test_it_is_not_quiet_while_nobody_looks(opened: Open, ada: Person) -> None:
    words = words_of(opened(ada))
    assert "Nobody looks" in words
    assert "All quiet" not in words


@pytest.mark.usefixtures("watched")
def test_an_open_alert_says_what_happened_what_it_cost_and_what_to_do(
    opened: Open, front: Services, ada: Person
) -> None:
    lock(front)
    words = words_of(opened(ada))
    assert LOCKED in words
    assert "nothing is spent" in words
    assert "Look at the balance and the key" in words
    assert "Shown on this page only" in words


@pytest.mark.usefixtures("watched")
def test_an_alert_that_is_over_stays_in_the_table(
    opened: Open, front: Services, ada: Person
) -> None:
    lock(front)
    over(front)
    words = words_of(opened(ada))
    assert "All quiet" in words
    assert f"<td class=title>{LOCKED}" in words


@pytest.mark.usefixtures("watched")
def test_who_was_told_and_who_could_not_be_is_shown(
    opened: Open, told: Services, receiver: Receiver, ada: Person
) -> None:
    receiver.status = 500
    lock(told)
    tell(told)
    assert "Webhook did not take the message (HTTP 500)" in words_of(opened(ada))
    receiver.status = 200
    with told.database.as_service() as tx:
        (alert,) = alerts.open_alerts(tx, limit=9)
        alerts.note_not_told(tx, alert.id, "Webhook", problem="It did not.", wait_s=-1)
    tell(told)
    alert_reads.overview.clear()
    assert "Webhook: told at" in words_of(opened(ada))


@pytest.mark.usefixtures("watched")
def test_managers_see_the_budgets_of_their_team_only(
    opened: Open, front: Services, mia: Person, add_person: Add
) -> None:
    lock(front)
    soft_limit(front, add_person("Cid", team="Sales"))
    soft_limit(front, mia)
    words = words_of(opened(mia))
    assert "Marketing" in words
    assert "<b>used" in words
    assert "Sales" not in words
    assert LOCKED not in words


def test_a_test_alert_tells_who_took_it(
    opened: Open, told: Services, receiver: Receiver, ada: Person
) -> None:
    page = opened(ada)
    (button,) = [b for b in page.button if b.label == "Send a test alert"]
    page = button.click().run()
    assert not page.exception
    assert "Webhook took the test alert" in words_of(page)
    assert receiver.titles == ["Test alert"]
    receiver.status = 403
    page = button.click().run()
    assert "Webhook did not take the message (HTTP 403)" in words_of(page)
    assert SECRET not in words_of(page)


def test_without_receivers_the_page_says_how_to_have_some(opened: Open, ada: Person) -> None:
    page = opened(ada)
    assert "STUDIO_ALERT_URLS" in words_of(page)
    assert [b for b in page.button if b.label == "Send a test alert"] == []


def test_managers_are_offered_no_test_alert(opened: Open, told: Services, mia: Person) -> None:
    page = opened(mia)
    assert [b for b in page.button if b.label == "Send a test alert"] == []


# --- the notice on other pages ---


def test_other_pages_name_the_worst_alert_and_lead_to_the_page(
    visit: Visit, front: Services, mia: Person, ada: Person
) -> None:
    soft_limit(front, mia)
    lock(front)
    page = visit(ada).run().switch_page("app_pages/gallery.py").run()
    assert f"**{LOCKED}** and 1 more" in words_of(page)
    assert any("Look" in str(link.proto) for link in page.get("page_link"))


def test_a_member_is_told_of_their_own_budget_and_of_no_other(
    visit: Visit, front: Services, person: Person, mia: Person
) -> None:
    lock(front)
    soft_limit(front, mia)
    assert "alert" not in words_of(visit(person).run())
    soft_limit(front, person, person.id)
    alert_reads.open_now.clear()
    words = words_of(visit(person).run())
    assert "The budget of Ann is" in words
    assert "more" not in words.split("The budget of Ann")[1][:60]


def test_pages_go_on_when_alerts_can_not_be_read(
    visit: Visit, ada: Person, as_owner: Callable[..., object]
) -> None:
    as_owner("alter table studio.alerts rename to gone")
    page = visit(ada).run().switch_page("app_pages/account.py").run()
    as_owner("alter table studio.gone rename to alerts")
    assert not page.exception
    assert not page.error
