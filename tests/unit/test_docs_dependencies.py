import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCUMENT = (ROOT / "docs/dependencies.md").read_text()
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9-]+)(\[.*\])?>=(?P<lower>[\d.]+),<(?P<upper>[\d.]+)")
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def build_requirements() -> list[str]:
    lines = (ROOT / "requirements/build.in").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


RUN = PROJECT["project"]["dependencies"]
DEV = PROJECT["project"]["optional-dependencies"]["dev"]
BUILD = build_requirements()


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.split(".post")[0]))


def pins(kind: str) -> list[tuple[str, str]]:
    return PIN.findall((ROOT / f"requirements/{kind}.txt").read_text())


def is_within(requirement: str, kind: str) -> bool:
    bounds = REQUIREMENT.fullmatch(requirement)
    assert bounds is not None, f"{requirement} needs a lower and an upper bound"
    found = [numbers(version) for name, version in pins(kind) if name == bounds["name"]]
    return bool(found) and all(
        numbers(bounds["lower"]) <= version < numbers(bounds["upper"]) for version in found
    )


def test_every_dependency_has_its_row_and_every_row_is_a_dependency() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| \S.* \| \S.* \|$", DOCUMENT, re.MULTILINE)
    names = [re.split(r"[\[>]", requirement)[0] for requirement in RUN + DEV + BUILD]
    assert sorted(rows) == sorted(names)


@pytest.mark.parametrize("requirement", RUN + BUILD)
def test_what_runs_is_bounded_and_pinned_within_its_bounds(requirement: str) -> None:
    assert is_within(requirement, "run")


@pytest.mark.parametrize("requirement", DEV)
def test_what_develops_is_bounded_and_pinned_within_its_bounds(requirement: str) -> None:
    assert is_within(requirement, "dev")


def test_the_build_backend_is_the_pinned_one() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(BUILD)


def test_development_has_all_that_runs_at_the_same_versions() -> None:
    assert set(pins("run")) <= set(pins("dev"))


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_every_pin_has_hashes_and_no_address(kind: str) -> None:
    text = (ROOT / f"requirements/{kind}.txt").read_text()
    for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in block
    assert "://" not in text
    assert " @ " not in text
