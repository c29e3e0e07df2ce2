"""What holds for the files of the repository, whatever they do."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from itertools import count
from pathlib import Path

import pytest

from storage.sqlfiles import migrations, parse_queries, queries

ROOT = Path(__file__).parents[2]
ROOMS = ["dashboard", "jobs", "storage"]
IGNORED = {
    line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line[-1:] == "/"
} | {".git"}
MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 60

# Put together here, so that this file does not contain what it looks for.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in [
            ("pypi", "org"),
            ("files", "pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("deb", "debian", "org"),
            ("proxy", "golang", "org"),
        ]
    )
    + r"|--(extra-)?index"
    + r"-url\b"
    + r"|https?://\S+(/simple\b|\.whl\b)"
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(root|home/[\w.-]+|Users/[\w.-]+)" + "/")


def files_of(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name in IGNORED or entry.name == ".env":
            continue
        if entry.is_dir():
            yield from files_of(entry)
        else:
            yield entry


def texts() -> Iterator[tuple[Path, str]]:
    for path in files_of(ROOT):
        data = path.read_bytes()
        if b"\0" not in data[:8000]:
            yield path.relative_to(ROOT), data.decode()


def modules() -> list[Path]:
    return [path for room in ROOMS for path in files_of(ROOT / room) if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def places(pattern: re.Pattern[str]) -> list[str]:
    return [f"{path}: {found[0]}" for path, text in texts() for found in pattern.finditer(text)]


def test_no_file_names_a_package_registry() -> None:
    assert places(REGISTRIES) == []


def test_no_file_names_a_place_on_a_developers_machine() -> None:
    assert places(MACHINE_PATHS) == []
    assert places(re.compile(re.escape(f"{ROOT}/"))) == []


def test_the_only_packages_are_the_rooms() -> None:
    with_python = {
        path.relative_to(ROOT).parts[0] for path in files_of(ROOT) if path.suffix == ".py"
    }
    assert with_python == {*ROOMS, "tests"}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    large = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, functions)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert large == []
    assert len(text.splitlines()) <= MOST_LINES_OF_A_MODULE


@pytest.mark.parametrize("path", [m for m in modules() if m.name == "__init__.py"], ids=name_of)
def test_a_package_file_holds_its_docstring_and_nothing_else(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "misc", "core"}
    assert [path for path in modules() if vague & {path.stem, path.parent.name}] == []


def test_no_module_of_the_dashboard_hides_another() -> None:
    # Streamlit puts the folder of the script it runs first on the path.
    ours = {path.stem for path in (ROOT / "dashboard").glob("*.py")} - {"__init__"}
    assert ours & (sys.stdlib_module_names | packages_distributions().keys()) == set()


def test_every_query_is_described() -> None:
    for path in (ROOT / "sql/postgres/queries").glob("*.sql"):
        assert all(query.description for query in queries(path.stem).values()), path


def test_every_query_has_a_name_of_its_own_and_nothing_stands_before_the_first() -> None:
    for path in (ROOT / "sql/postgres/queries").glob("*.sql"):
        text = path.read_text()
        assert parse_queries(text, path.name), path
        before = text.split("-- name: ", 1)[0]
        assert all(line.startswith("--") for line in before.splitlines() if line), path


def test_migrations_are_numbered_without_gaps_and_say_why() -> None:
    for number, (name, text) in zip(count(1), migrations(), strict=False):
        assert re.fullmatch(rf"{number:04}_[a-z]+(_[a-z0-9]+)+", name)
        assert text.startswith("-- "), name


def test_an_installed_copy_of_the_sql_does_not_stand_beside_the_checkout() -> None:
    on_disk = {path.stem for path in (ROOT / "sql/postgres/migrations").glob("*.sql")}
    assert {name for name, _ in migrations()} == on_disk


def test_scripts_can_be_run() -> None:
    scripts = [path for path in (ROOT / ".ci").iterdir() if path.read_text().startswith("#!")]
    assert len(scripts) >= 3
    assert [path for path in scripts if not path.stat().st_mode & 0o111] == []


def test_ci_checks_and_tests() -> None:
    commands = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in commands if line.startswith("make ")] == ["make check", "make test"]
