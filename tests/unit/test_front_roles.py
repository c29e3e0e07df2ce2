import pytest

from dashboard.roles import PAGES, ROLE_WORDS, landing_for, pages_for
from storage.models import Role


def test_analysts_see_videos_and_make_none() -> None:
    listed = {page.name for page in pages_for(Role.ANALYST) if page.listed}
    assert {"gallery", "costs", "account"} <= listed
    assert not listed & {"create", "queue", "budgets", "alerts"}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_managers_have_every_page(role: Role) -> None:
    assert pages_for(role) == list(PAGES)


def test_members_have_no_pages_of_managing() -> None:
    without = [page.name for page in PAGES if page not in pages_for(Role.MEMBER)]
    assert {"budgets", "alerts"} <= set(without)


@pytest.mark.parametrize(
    ("role", "name"),
    [(Role.MEMBER, "create"), (Role.ADMIN, "create"), (Role.ANALYST, "gallery")],
)
def test_people_begin_where_their_work_is(role: Role, name: str) -> None:
    assert landing_for(role).name == name


def test_every_role_is_described() -> None:
    assert set(ROLE_WORDS) == set(Role)
