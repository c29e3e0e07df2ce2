from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import budget_reads
from dashboard.services import live_sessions
from jobs.bootstrap import Services
from storage.models import Person, Role
from storage.records import alerts, books, budgets, ledger, people
from storage.sqlfiles import Query

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Add = Callable[..., Person]
Submit = Callable[..., UUID]
Owner = Callable[..., list[Any]]


@pytest.fixture
def mia(add_person: Add) -> Person:
    return add_person("Mia", role=Role.MANAGER)


@pytest.fixture
def opened(visit: Visit, mia: Person) -> Open:
    """The page, as Mia sees it unless told otherwise."""

    def run(who: Person | None = None) -> AppTest:
        budget_reads.overview.clear()
        page = visit(who or mia).run().switch_page("app_pages/budgets.py").run()
        assert not page.exception
        return page

    return run


@pytest.fixture
def limit(front: Services) -> Callable[..., UUID]:
    def run(scope: str, target: UUID | None, usd: str, kind: str = "hard") -> UUID:
        with front.database.as_service() as tx:
            return budgets.set_limit(
                tx, scope=scope, target_id=target, period="day", kind=kind, limit_usd=Decimal(usd)
            )

    return run


def words_of(page: AppTest) -> str:
    blocks = [*page.html, *page.markdown, *page.caption, *page.error, *page.warning, *page.toast]
    return " ".join(block.value for block in blocks).replace("\\", "")


def press(page: AppTest, label: str) -> AppTest:
    page = next(b for b in page.button if b.label.replace("\\", "").endswith(label)).click().run()
    assert not page.exception
    return page


def standing(front: Services, who: Person) -> list[tuple[str | None, Decimal]]:
    with front.database.as_person(who.id) as tx:
        return [(b.target_name, b.limit_usd) for b in budgets.standing(tx) if not b.is_default]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ANALYST])
def test_the_page_is_for_managers_and_administrators(
    visit: Visit, add_person: Add, role: Role
) -> None:
    page = visit(add_person("Eve", role=role)).run()
    with pytest.raises(ValueError, match="budgets"):
        page.switch_page("app_pages/budgets.py")


def test_a_budget_shows_spent_held_and_free(
    opened: Open, limit: Callable[..., UUID], submit: Submit, mia: Person
) -> None:
    submit()
    limit("team", mia.team_id, "10")
    limit("team", mia.team_id, "8", kind="soft")
    words = words_of(opened())
    assert "$0.00 spent, $0.02 held, $9.98 free" in words
    assert "The line is the soft limit: $8.00" in words
    assert "warns only" in words


def test_a_budget_that_is_nearly_used_up_is_marked(
    opened: Open, limit: Callable[..., UUID], submit: Submit, mia: Person
) -> None:
    submit()
    limit("team", mia.team_id, "0.025")
    assert "% used" in words_of(opened())
    limit("team", mia.team_id, "0.01")
    assert "nothing left" in words_of(opened())


def test_held_money_leads_to_its_generations(
    opened: Open, limit: Callable[..., UUID], submit: Submit, mia: Person
) -> None:
    generation_id = submit()
    limit("team", mia.team_id, "10")
    page = press(opened(), "held: by what?")
    assert f'href="/queue?generation={generation_id}"' in words_of(page)
    assert "Ann" in words_of(page)


def test_held_money_of_other_teams_is_a_sum(
    opened: Open, limit: Callable[..., UUID], submit: Submit, add_person: Add
) -> None:
    submit(add_person("Cid", team="Sales"), prompt="A secret product turns")
    limit("organisation", None, "10")
    words = words_of(press(opened(), "held: by what?"))
    assert "another team's" in words
    assert "secret" not in words


def test_a_new_limit_is_set_and_noted(opened: Open, front: Services, mia: Person) -> None:
    page = press(opened(), "Set a limit")
    assert "organisation" not in page.selectbox(key="budget_scope").options
    page.selectbox(key="budget_scope").set_value("team").run()
    page.number_input(key="budget_new_usd").set_value(250.0)
    page = press(page, "Set limit")
    assert standing(front, mia) == [("Marketing", Decimal(250))]
    assert "set to $250.00" in words_of(opened())


def test_an_administrator_sets_everybodys_own(
    opened: Open, front: Services, add_person: Add
) -> None:
    ada = add_person("Ada", role=Role.ADMIN)
    page = press(opened(ada), "Set a limit")
    page.selectbox(key="budget_scope").set_value("default").run()
    page.number_input(key="budget_new_usd").set_value(7.5)
    press(page, "Set limit")
    with front.database.as_person(ada.id) as tx:
        assert [b.limit_usd for b in budgets.standing(tx) if b.is_default] == [Decimal("7.5")]


def test_a_limit_is_changed_and_the_budget_removed(
    opened: Open, limit: Callable[..., UUID], front: Services, mia: Person
) -> None:
    limit("team", mia.team_id, "10")
    page = press(opened(), "Change")
    page.number_input(key="budget_limit_usd").set_value(12.5)
    press(page, "Save limit")
    assert standing(front, mia) == [("Marketing", Decimal("12.5"))]
    page = press(press(opened(), "Change"), "Remove")
    assert standing(front, mia) == []
    assert "removed; it was $12.50" in words_of(opened())


def test_a_grant_is_given_and_taken_back(
    opened: Open, limit: Callable[..., UUID], front: Services, mia: Person
) -> None:
    limit("team", mia.team_id, "10")
    page = press(opened(), "Change")
    page.number_input(key="budget_grant_usd").set_value(5.0)
    page.text_input(key="budget_grant_reason").set_value("<b>The launch</b>")
    press(page, "Grant")
    assert standing(front, mia) == [("Marketing", Decimal(15))]
    words = words_of(opened())
    assert "$10.00 and what was granted" in words
    assert "&lt;b&gt;The launch" in words
    press(press(opened(), "Change"), "Take back")
    assert standing(front, mia) == [("Marketing", Decimal(10))]


def test_a_grant_without_a_reason_is_refused_in_words(
    opened: Open, limit: Callable[..., UUID], front: Services, mia: Person
) -> None:
    limit("team", mia.team_id, "10")
    page = press(press(opened(), "Change"), "Grant")
    assert "Say why" in words_of(page)
    assert standing(front, mia) == [("Marketing", Decimal(10))]


def test_a_role_that_was_taken_away_changes_nothing_more(
    opened: Open, limit: Callable[..., UUID], front: Services, mia: Person
) -> None:
    limit("team", mia.team_id, "10")
    page = press(opened(), "Change")
    with front.database.as_service() as tx:
        people.change(tx, mia.id, role=Role.MEMBER)
    live_sessions().forget()
    page.number_input(key="budget_limit_usd").set_value(999.0)
    next(b for b in page.button if b.label == "Save limit").click().run()
    assert standing(front, mia) == [("Marketing", Decimal(10))]


def test_without_any_budget_the_page_says_so(opened: Open, as_owner: Owner) -> None:
    as_owner("update studio.budgets set active = false")
    assert "No limit is set" in words_of(opened())


def test_a_grant_that_ended_is_not_shown(
    opened: Open, limit: Callable[..., UUID], front: Services, mia: Person, as_owner: Owner
) -> None:
    budget_id = limit("team", mia.team_id, "10")
    with front.database.as_service() as tx:
        soon = datetime.now(UTC) + timedelta(hours=1)
        budgets.grant(tx, budget_id, Decimal(5), ends_at=soon, reason="The launch")
    as_owner(
        "update studio.budget_grants set starts_at = now() - interval '2 days', "
        "ends_at = now() - interval '1 day'"
    )
    assert "what was granted" not in words_of(opened())


def test_a_record_that_is_away_is_told_and_nothing_else(opened: Open, as_owner: Owner) -> None:
    as_owner("alter function studio.my_budgets() rename to gone")
    assert "The database refused" in words_of(opened())


# --- corrections ---


@pytest.fixture
def ended(front: Services, submit: Submit, person: Person) -> UUID:
    """Ann's generation, which failed at fal and was charged a dollar."""
    generation_id = submit(prompt="A shoe <i>turns</i> slowly")
    with front.database.as_service() as tx:
        tx.run(
            Query(
                "test",
                "A failure.",
                """update studio.generations set status = 'failed', cause = 'our_bug',
                finished_at = now() where id = %(id)s""",
            ),
            id=generation_id,
        )
        ledger.charge(
            tx, generation_id, Decimal(1), billable_units=None, verified=False, note="No header"
        )
    return generation_id


def correcting(page: AppTest, scope: str) -> AppTest:
    page = press(page, "Correct a charge")
    return page.selectbox(key="correct_scope").set_value(scope).run()


def charged_usd(front: Services) -> Decimal:
    with front.database.as_service() as tx:
        total = Query("test", "A sum.", "select sum(amount_usd) as usd from studio.charges")
        usd: Decimal = tx.one(total)["usd"]
    return usd


def test_a_charge_is_corrected_with_its_effect_shown_before(
    opened: Open, limit: Callable[..., UUID], front: Services, ended: UUID, mia: Person
) -> None:
    limit("team", mia.team_id, "10")
    page = correcting(opened(), "generation")
    page.selectbox(key="correct_generation").select_index(0)
    page.number_input(key="correct_usd").set_value(0.4).run()
    words = words_of(page)
    assert "$1.00" in words
    assert "<b>$0.60</b>" in words
    assert "Free: Marketing, a day" in words
    assert "<b>$9.40</b>" in words
    assert charged_usd(front) == 1
    page.text_input(key="correct_reason").set_value("Billed twice")
    press(page, "Save the correction")
    assert charged_usd(front) == Decimal("0.6")
    words = words_of(opened())
    assert "took $0.40 back: Billed twice" in words
    assert f'href="/queue?generation={ended}"' in words


def test_a_charge_without_a_bill_is_marked_where_it_is_corrected(opened: Open, ended: UUID) -> None:
    page = correcting(opened(), "generation")
    label = page.selectbox(key="correct_generation").options[0]
    assert label.endswith("$1.00, unverified")
    page = page.text_input(key="correct_search").set_value("nothing like it").run()
    assert page.selectbox(key="correct_generation").options == []


def test_a_charge_by_our_estimate_is_confirmed_with_a_reason(
    opened: Open, front: Services, ended: UUID
) -> None:
    page = correcting(opened(), "generation")
    page.selectbox(key="correct_generation").select_index(0).run()
    page.segmented_control(key="correct_sign").set_value(0).run()
    assert "Say why" in words_of(press(page, "Confirm the charge"))
    page.selectbox(key="correct_scope").set_value("team").run()
    assert "Confirm the charge" not in [button.label for button in page.button]
    page.selectbox(key="correct_scope").set_value("generation").run()
    page.selectbox(key="correct_generation").select_index(0).run()
    page.segmented_control(key="correct_sign").set_value(0).run()
    page.text_input(key="correct_reason").set_value("On the invoice of March")
    press(page, "Confirm the charge")
    assert charged_usd(front) == 1
    with front.database.as_service() as tx:
        assert alerts.unverified_charges(tx).times == 0
        told = {b.name: b.rows for b in books.broken_invariants(tx)}
        assert not told["unverified_charges"]
    page = opened()
    assert "confirmed what was charged: On the invoice of March" in words_of(page)
    page = correcting(page, "generation")
    page.selectbox(key="correct_generation").select_index(0).run()
    assert page.segmented_control(key="correct_sign").options == ["Take back", "Charge more"]


def test_a_correction_of_a_team_may_use_its_budget_up(
    opened: Open, limit: Callable[..., UUID], front: Services, ended: UUID, mia: Person
) -> None:
    limit("team", mia.team_id, "2")
    page = correcting(opened(), "team")
    page.segmented_control(key="correct_sign").set_value(1).run()
    page.number_input(key="correct_usd").set_value(1.5).run()
    assert "refuses every new generation" in words_of(page)
    assert "<b>−$0.50</b>" in words_of(page)
    page.text_input(key="correct_reason").set_value("Invoice of March")
    press(page, "Save the correction")
    assert charged_usd(front) == Decimal("2.5")
    assert "charged $1.50 more: Invoice of March" in words_of(opened())


def test_a_correction_without_a_reason_is_refused_in_words(
    opened: Open, front: Services, ended: UUID
) -> None:
    page = correcting(opened(), "team")
    page.number_input(key="correct_usd").set_value(0.4).run()
    assert "Say why" in words_of(press(page, "Save the correction"))
    assert charged_usd(front) == 1


def test_more_than_was_charged_is_not_taken_back(
    opened: Open, front: Services, ended: UUID
) -> None:
    page = correcting(opened(), "generation")
    page.selectbox(key="correct_generation").select_index(0)
    page.number_input(key="correct_usd").set_value(1.1).run()
    page.text_input(key="correct_reason").set_value("Billed twice")
    assert "than was charged" in words_of(press(page, "Save the correction"))
    assert charged_usd(front) == 1


def test_only_administrators_correct_the_organisation(opened: Open, add_person: Add) -> None:
    assert (
        "The organisation"
        not in correcting(opened(), "team").selectbox(key="correct_scope").options
    )
    page = correcting(opened(add_person("Ada", role=Role.ADMIN)), "organisation")
    page.number_input(key="correct_usd").set_value(0.4).run()
    assert "Save the correction" in [button.label for button in page.button]


@pytest.mark.parametrize("dialog", ["Correct a charge", "Set a limit"])
def test_a_record_that_goes_away_below_a_dialog_is_told_in_it(
    opened: Open, as_owner: Owner, mia: Person, dialog: str
) -> None:
    page = press(opened(), dialog)
    as_owner("alter table studio.generations rename column title to gone")
    as_owner("alter table studio.teams rename column name to gone")
    page.selectbox[0].set_value("person").run()
    assert "The database refused" in words_of(page)
    assert not page.exception
