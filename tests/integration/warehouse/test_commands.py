"""`studio warehouse` against a record and a folder of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from dashboard.cli.main import studio
from jobs.bootstrap import Services
from jobs.warehousing import live_folder
from storage.errors import StudioError, WarehouseBusy, WarehouseMissing
from storage.models import Person
from storage.settings import Settings
from storage.warehouse.turn import own_turn
from tests.integration.record.record_rows import add_complete

Run = Callable[..., Result]


@pytest.fixture
def run(services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `studio warehouse …`."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    monkeypatch.setenv("STUDIO_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("REDIS_URL", settings.redis_url.get_secret_value())
    monkeypatch.setenv("FAL_BASE_URL", settings.fal_base_url or "")

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(studio, ["warehouse", *words], catch_exceptions=True)

    return invoke


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def complete(services: Services, person: Person) -> None:
    with services.database.as_service() as tx:
        add_complete(tx, person)


def test_a_sync_makes_the_warehouse_and_the_next_goes_on(
    run: Run, services: Services, person: Person
) -> None:
    complete(services, person)
    first = told(run("sync", "--json"))
    assert (first["whole"], first["generations"]) == (True, 1)
    complete(services, person)
    second = told(run("sync", "--all", "--json"))
    assert (second["whole"], second["generations"]) == (False, 2)
    assert told(run("rebuild", "--json"))["whole"]


def test_a_statement_is_answered_as_a_table_or_as_json(
    run: Run, services: Services, person: Person
) -> None:
    complete(services, person)
    run("sync")
    statement = "select sum(spend_usd) as usd, max(day) as day from cells"
    row = told(run("sql", f"{statement} where model = $model", "--set", "model=lite", "--json"))
    assert row["usd"] == 1
    table = run("sql", "select status, charge_usd, cause from generations;").output.splitlines()
    assert table == ["status     charge_usd  cause", "completed  1.000000"]
    assert run("sql", "select 1 as n where false").output == "No rows.\n"


def test_a_parameter_without_a_value_is_named(run: Run) -> None:
    run("sync")
    error = run("sql", "select $model").exception
    assert isinstance(error, StudioError)
    assert error.todo == "Add --set model=VALUE."


def test_before_the_first_sync_there_is_nothing_to_ask(run: Run) -> None:
    for words in (["status"], ["sql", "select 1"], ["status", "--demo"]):
        assert isinstance(run(*words).exception, WarehouseMissing)


def test_the_status_tells_how_large_it_is(run: Run, services: Services, person: Person) -> None:
    complete(services, person)
    run("sync")
    found = told(run("status", "--json"))
    assert found["rows"]["generations"] == 1
    assert found["folder"] == str(live_folder(services))
    assert "charges" in run("status").output


def test_the_views_are_printed_as_sql_that_runs(
    run: Run, services: Services, person: Person
) -> None:
    complete(services, person)
    run("sync")
    with duckdb.connect() as tool:
        tool.execute(run("views").output)
        assert tool.execute("select sum(completed) from cells").fetchall() == [(1,)]


def test_a_sync_that_may_not_wait_any_longer_says_so(
    run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.cli.warehouse.WAIT_S", 0)
    assert settings.database_url is not None
    with own_turn(settings.database_url):
        for command in ("sync", "rebuild"):
            assert isinstance(run(command).exception, WarehouseBusy)
    assert run("sync").exit_code == 0
