import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import live_sessions
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import Person, Role
from storage.records import people, sessions
from tests.pages.conftest import FRAME
from tests.spent_histories import SpentHistory

Visit = Callable[[Person], AppTest]


def html_of(page: AppTest) -> str:
    return " ".join(block.value for block in page.html)


def test_a_member_begins_with_a_new_video(visit: Visit, person: Person) -> None:
    page = visit(person).run()
    assert not page.exception
    assert page.title[0].value == "Create a video"


def test_an_analyst_begins_in_the_gallery(visit: Visit, add_person: Callable[..., Person]) -> None:
    page = visit(add_person("Ana", role=Role.ANALYST)).run()
    assert not page.exception
    assert page.title[0].value == "Gallery"


def test_an_analyst_has_no_create_page(visit: Visit, add_person: Callable[..., Person]) -> None:
    page = visit(add_person("Ana", role=Role.ANALYST)).run()
    with pytest.raises(ValueError, match="create"):
        page.switch_page("app_pages/create.py")


@pytest.mark.parametrize(
    "session_id", [None, "", "not-a-row", "00000000-0000-4000-8000-000000000000"]
)
def test_without_a_session_there_is_only_the_way_to_sign_in(
    front: Services, visit: Visit, person: Person, session_id: str | None
) -> None:
    page = visit(person)
    page.user = {"session_id": session_id} if session_id is not None else {}
    page.run()
    assert [heading.value for heading in page.subheader] == ["You are signed out"]
    assert 'href="/session/login"' in html_of(page)
    assert not page.title


def test_an_open_page_ends_with_its_session(visit: Visit, front: Services, person: Person) -> None:
    page = visit(person).run()
    with front.database.as_service() as tx:
        sessions.revoke_of_person(tx, person.id)
    live_sessions().forget()
    page.run()
    assert page.subheader[0].value == "You are signed out"


def test_a_new_role_counts_at_the_next_run(visit: Visit, front: Services, person: Person) -> None:
    page = visit(person).run()
    with front.database.as_service() as tx:
        people.change(tx, person.id, role=Role.ANALYST)
    live_sessions().forget()
    page.switch_page("app_pages/gallery.py").run()
    assert page.title[0].value == "Gallery"


def test_the_account_says_who_somebody_is(visit: Visit, person: Person) -> None:
    page = visit(person).run().switch_page("app_pages/account.py").run()
    assert not page.exception
    for words in ("Ann", "ann@acme.test", "Marketing", "Make videos"):
        assert words in html_of(page)


def test_a_name_is_shown_as_text(visit: Visit, add_person: Callable[..., Person]) -> None:
    eve = visit(add_person("<img>"))
    page = eve.run().switch_page("app_pages/account.py").run()
    assert "&lt;img&gt;" in html_of(page)
    assert "<img" not in html_of(page)


def test_the_account_leads_to_every_way_out(visit: Visit, person: Person) -> None:
    page = visit(person).run().switch_page("app_pages/account.py").run()
    for action in ("/session/logout", "/session/end-others"):
        assert f'<form method="post" action="{action}">' in html_of(page)
    assert 'href="/session/password"' in html_of(page)


def test_what_was_done_is_said_once(visit: Visit, person: Person) -> None:
    page = visit(person).run().switch_page("app_pages/account.py")
    page.query_params["done"] = "password"
    page.run()
    assert "new password is saved" in page.toast[0].value
    assert not page.run().toast


def fails_with_ours() -> None:
    from dashboard.error_frame import show_error
    from storage.errors import StudioError

    show_error(StudioError("The *disk* is full.", todo="Free some space.", cost="It cost $1."))


def fails_unexpectedly() -> None:
    from dashboard.error_frame import show_error

    show_error(ValueError("secret detail"))


def test_our_errors_say_what_happened_what_it_cost_and_what_to_do() -> None:
    shown = AppTest.from_function(fails_with_ours).run().error[0].value
    assert shown == "**The \\*disk\\* is full\\.**\n\nFree some space\\.\n\nIt cost \\$1\\."


def test_commands_in_errors_are_shown_as_code() -> None:
    from dashboard.error_frame import worded

    assert worded("Run `studio up` (*now*).") == "Run `studio up` \\(\\*now\\*\\)\\."
    assert worded("one ` alone") == "one \\` alone"


def test_other_errors_show_a_number_and_no_detail() -> None:
    shown = AppTest.from_function(fails_unexpectedly).run().error[0].value
    assert "on our side" in shown
    assert "secret" not in shown


def test_the_pictures_of_the_frame_are_there() -> None:
    names = re.findall(r'"/app/static/([^"]+)"', FRAME.read_text(encoding="utf-8"))
    assert len(names) == 2
    assert all((FRAME.parent / "static" / name).is_file() for name in names)


def test_figures_go_on_while_the_record_is_away_and_the_page_comes_back(
    opens: Callable[..., AppTest], front: Services, history: SpentHistory, mia: Person
) -> None:
    history.add(mia, usd="3")
    sync_warehouse(front)
    page = opens("costs", mia)
    front.database.rest(3600)
    page.run()
    assert "can't be reached" in page.warning[0].value
    assert page.metric[0].value == "$3.00"
    assert front.database.wake()
    page.run()
    assert not page.warning


def fails_for_want_of_the_record() -> None:
    from dashboard.error_frame import show_error
    from storage.errors import RecordUnavailable

    show_error(RecordUnavailable("The database can't be reached."))


def test_without_the_record_a_page_is_tried_again(front: Services) -> None:
    front.database.rest(3600)
    front.database.close()
    page = AppTest.from_function(fails_for_want_of_the_record).run()
    assert [one.label for one in page.button] == ["Try again"]
