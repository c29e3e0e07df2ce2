"""`streamlit run dashboard/asgi.py` puts `dashboard/` first in `sys.path`.

A module there that has the name of another top-level module would be imported in its place, by
every library in the process.
"""

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import dashboard

FOLDER = Path(dashboard.__file__).parent


def _names() -> set[str]:
    modules = {path.stem for path in FOLDER.glob("*.py")}
    folders = {path.parent.name for path in FOLDER.glob("*/*.py")}
    return (modules | folders) - {"__init__"}


def test_no_module_hides_one_of_the_standard_library() -> None:
    assert not _names() & sys.stdlib_module_names


def test_no_module_hides_one_of_an_installed_package() -> None:
    ours = {"dashboard", "jobs", "storage", "sql"}
    assert not _names() & (set(packages_distributions()) - ours)
