import re
from pathlib import Path
from typing import Any

import pytest

from storage.settings import Settings
from tests.unit.docs_tables import Variable, settings_table, variables

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text()
LINE = re.compile(r"^# ?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
INTERPOLATED = re.compile(r"\$\{([A-Z0-9_]+)")


def in_compose() -> set[str]:
    return set(INTERPOLATED.findall((ROOT / "docker-compose.yml").read_text()))


def test_the_table_of_settings_is_the_one_that_the_code_gives() -> None:
    document = (ROOT / "docs/configuration.md").read_text()
    written = document.split("<!-- settings -->\n")[1].split("<!-- /settings -->")[0]
    assert written == settings_table()


@pytest.mark.parametrize("variable", variables(), ids=lambda variable: variable.name)
def test_the_example_lists_every_variable_with_its_default_and_meaning(variable: Variable) -> None:
    assert dict(LINE.findall(EXAMPLE))[variable.name] == (variable.default or "")
    words = " ".join(line.removeprefix("# ") for line in EXAMPLE.splitlines())
    assert variable.meaning in words
    assert all(re.search(rf"\b{name}\b", EXAMPLE) for name in variable.other_names)


def test_the_example_lists_no_variable_that_nobody_reads() -> None:
    known = {variable.name for variable in variables()}
    assert set(dict(LINE.findall(EXAMPLE))) - known == in_compose() - known


def test_a_copy_of_the_example_changes_nothing() -> None:
    assert Settings(_env_file=ROOT / ".env.example") == Settings(_env_file=None)


def test_secrets_show_in_no_representation() -> None:
    secrets: dict[str, Any] = {
        name: "hush-hush-hush-hush"
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    settings = Settings(_env_file=None, **secrets)
    assert len(secrets) == 9
    assert "hush-hush-hush-hush" not in repr(settings) + str(settings.model_dump())
