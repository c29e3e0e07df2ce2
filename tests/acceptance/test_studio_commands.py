"""The other commands: people, doctor, migrate, help, and what they say without a studio."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.cli.main import COMMANDS
from tests.acceptance.conftest import NewStudio
from tests.acceptance.running_studio import Studio

UNDER_USER = ("add", "list", "change", "link", "password")


def test_somebody_added_signs_in_with_the_printed_link_and_password(studio: Studio) -> None:
    added = studio.run("user", "add", "ada@acme.test", "--role", "manager", "--json").json
    assert list(added) == ["id", "email", "password", "link"]
    with studio.signed_in(added["link"]) as client:
        assert client.get("/create").status_code == 200
    with studio.browser() as client:
        fields = {"email": "ada@acme.test", "password": added["password"], "next": "/"}
        assert client.post("/session/login", data=fields).status_code == 303


def test_somebody_added_twice_is_told(studio: Studio) -> None:
    words = ("user", "add", "twice@acme.test")
    assert "Password, shown only this once: " in studio.run(*words).out
    again = studio.run(*words)
    assert again.code == 1
    assert "already" in again.err


@pytest.mark.parametrize("wrong", [("not-an-address",), ("eve@acme.test", "--password", "short")])
def test_somebody_who_can_t_be_added_is_told_why(studio: Studio, wrong: tuple[str, ...]) -> None:
    refused = studio.run("user", "add", *wrong)
    assert refused.code == 1
    assert refused.err
    assert "Traceback" not in refused.err


def test_everybody_is_listed(studio: Studio) -> None:
    listed = [json.loads(line) for line in studio.run("user", "list", "--json").out.splitlines()]
    assert all(list(p) == ["id", "email", "name", "role", "team", "active"] for p in listed)
    admin = next(p for p in listed if p["email"] == "admin@studio.local")
    assert (admin["role"], admin["team"], admin["active"]) == ("admin", "Marketing", True)
    assert "admin@studio.local" in studio.run("user", "list").out


def test_somebody_made_inactive_is_signed_out_at_once(studio: Studio) -> None:
    link = studio.run("user", "add", "leo@acme.test", "--json").json["link"]
    with studio.signed_in(link) as client:
        changed = studio.run("user", "change", "leo@acme.test", "--team", "Bags", "--inactive")
        assert changed.code == 0
        assert "Bags" in changed.out
        assert client.get("/create").status_code == 303
    assert studio.generate("--as", "leo@acme.test").code == 1


def test_a_new_password_ends_the_sessions(studio: Studio) -> None:
    link = studio.run("user", "add", "pia@acme.test", "--json").json["link"]
    with studio.signed_in(link) as client:
        new = "correct horse battery staple"
        done = studio.run("user", "password", "pia@acme.test", say=f"{new}\n{new}\n")
        assert "1 sessions ended" in done.out
        assert new not in done.out + done.err
        assert client.get("/create").status_code == 303
        fields = {"email": "pia@acme.test", "password": new, "next": "/"}
        assert client.post("/session/login", data=fields).status_code == 303


@pytest.mark.parametrize("how", [("--inactive",), ("--role", "member")])
def test_the_last_administrator_stays_one(apart: Studio, how: tuple[str, ...]) -> None:
    assert apart.run("migrate").code == 0
    assert apart.run("user", "add", "ops@acme.test", "--role", "admin").code == 0
    refused = apart.run("user", "change", "ops@acme.test", *how)
    assert refused.code == 1
    assert "only administrator" in refused.err
    assert json.loads(apart.run("user", "list", "--json").out)["role"] == "admin"


def test_migrate_can_be_repeated(studio: Studio) -> None:
    before = studio.facts()
    again = studio.run("migrate")
    assert (again.code, again.out) == (0, "Nothing to migrate.\n")
    assert studio.facts() == before


def test_doctor_shows_a_line_for_each_check(studio: Studio) -> None:
    shown = studio.run("doctor")
    assert shown.code == 0
    assert len(re.findall(r"^ +ok  ", shown.out, re.MULTILINE)) >= 12


HELP = [(), *((name,) for name in COMMANDS), *(("user", name) for name in UNDER_USER)]


def test_help_of_every_command_needs_no_streamlit_and_no_studio() -> None:
    asked = "\n".join(f"ask({[*words, '--help']!r})" for words in HELP)
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom dashboard.cli.main import studio\n"
        "def ask(words):\n    shown = CliRunner().invoke(studio, words)\n"
        "    assert shown.exit_code == 0 and 'Usage: ' in shown.output, (words, shown.output)\n"
        f"{asked}\nassert not [m for m in sys.modules if m.partition('.')[0] == 'streamlit']\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_installed_command_is_this_one() -> None:
    program = Path(sys.executable).with_name("studio")
    done = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert done.stdout.startswith("studio, version "), done.stderr


def test_the_list_of_commands_loads_none_of_them() -> None:
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom dashboard.cli.main import studio\n"
        "assert 'Commands' in CliRunner().invoke(studio, ['--help']).output\n"
        "print(*sorted(m for m in sys.modules if m.startswith(('jobs', 'psycopg', 'rq', 'av'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


WITHOUT = [("doctor",), ("migrate",), ("user", "list"), ("worker", "all"), ("watcher",)]


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory, new_studio: NewStudio) -> Studio:
    """A studio that nobody has started."""
    return new_studio(tmp_path_factory.mktemp("without"))


@pytest.mark.parametrize("words", WITHOUT)
def test_without_a_studio_a_command_says_how_to_start_one(
    without: Studio, words: tuple[str, ...]
) -> None:
    told = without.run(*words)
    assert told.code == 1
    assert "No studio is running" in told.err
    assert "studio up" in told.err
    assert not without.data.exists()
