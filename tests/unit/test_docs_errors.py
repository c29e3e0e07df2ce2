import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

import jobs.errors
import storage.errors
from storage.errors import StudioError

DOCUMENT = (Path(__file__).parents[2] / "docs/errors.md").read_text()
ROW = re.compile(r"^\| `([A-Z]\w+)` \|", re.MULTILINE)
TREES = [storage.errors, jobs.errors]


def errors_of(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, Exception) and value.__module__ == module.__name__
    }


def test_every_error_has_a_row_and_every_row_an_error() -> None:
    assert sorted(ROW.findall(DOCUMENT)) == sorted(set().union(*map(errors_of, TREES)))


@pytest.mark.parametrize("module", TREES, ids=lambda module: module.__name__)
def test_the_docstring_draws_every_error_of_its_tree(module: ModuleType) -> None:
    assert [name for name in errors_of(module) if name not in str(module.__doc__)] == []


@pytest.mark.parametrize("module", TREES, ids=lambda module: module.__name__)
def test_every_error_has_the_one_base_and_says_what_it_means(module: ModuleType) -> None:
    for name in errors_of(module):
        error = getattr(module, name)
        assert issubclass(error, StudioError)
        assert inspect.cleandoc(error.__dict__["__doc__"]), name
