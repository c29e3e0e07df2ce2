"""One studio for each module: its tests only read what the module has made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.bootstrap import Services
from storage.models import Person, Role

Add = Callable[..., Person]
Owner = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def services(shared_services: Services) -> Services:
    """The module's studio."""
    return shared_services


@pytest.fixture(scope="module")
def as_owner(shared_owner: Owner) -> Owner:
    """Runs a statement in the module's database."""
    return shared_owner


@pytest.fixture(scope="module")
def add_person(shared_people: Add) -> Add:
    """Adds somebody to the module's database, once."""
    return shared_people


@pytest.fixture(scope="module")
def eve(add_person: Add) -> Person:
    """A manager of the Marketing team."""
    return add_person("Eve", role=Role.MANAGER)
