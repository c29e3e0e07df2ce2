"""A lake of another record, or one that was damaged, is made anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import SecretStr

from storage.models import Person
from storage.postgres import Database
from storage.records import events
from storage.warehouse import scratch
from storage.warehouse.pulling import Line
from tests.integration.record.record_rows import add_complete, add_held
from tests.integration.warehouse.conftest import Sync
from tests.integration.warehouse.lake_rows import ask

Owner = Callable[..., list[Any]]


def test_another_zone_cuts_all_days_anew(
    database: Database, as_owner: Owner, person: Person, synced: Sync, lake_folder: Path
) -> None:
    with database.as_service() as tx:
        add_complete(tx, person)
    as_owner("update studio.generations set created_at = '2026-07-05 22:30:00+00'")
    synced()
    as_owner("update studio.organisation set time_zone = 'America/New_York'")
    assert synced().whole
    [row] = ask(lake_folder, "select day::varchar as day, hour from generations")
    assert row == {"day": "2026-07-05", "hour": 18}


@pytest.mark.parametrize(
    "other",
    [
        {"system_id": "1/1/1"},
        {"shape": 0},
        {"demo": True},
        {"watermark": "9000000000000000000"},
    ],
)
def test_a_lake_of_another_record_is_made_anew(
    database: Database, person: Person, synced: Sync, lake_folder: Path, other: dict[str, object]
) -> None:
    synced()
    with database.as_service() as tx:
        add_complete(tx, person)
    followed = synced().manifest
    changed = followed.model_copy(update=other)
    (lake_folder / "manifest.json").write_text(changed.model_dump_json())
    with database.as_service() as tx:
        add_held(tx, person)
    assert synced().whole
    assert ask(lake_folder, "select count(*) as n from generations") == [{"n": 2}]


def test_a_lake_of_another_record_is_made_anew_in_a_database_on_the_disk(
    database: Database,
    database_url: SecretStr,
    person: Person,
    synced: Sync,
    as_owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[bool] = []
    opening = scratch._opened

    def noted(place: Path, *, whole: bool) -> duckdb.DuckDBPyConnection:
        opened.append(whole)
        return opening(place, whole=whole)

    with database.as_service() as tx:
        add_complete(tx, person)
    monkeypatch.setattr(scratch, "_opened", noted)
    with closing(Line(database_url)) as line:
        synced(line=line)
        synced(line=line)
        as_owner("update studio.organisation set time_zone = 'America/New_York'")
        assert synced(line=line).whole
    assert opened == [True, False, True]


def test_a_table_that_was_emptied_or_put_back_is_read_anew(
    database: Database, as_owner: Owner, person: Person, synced: Sync, lake_folder: Path
) -> None:
    with database.as_service() as tx:
        events.add(tx, "viewed", person_id=person.id)
    synced()
    as_owner("truncate studio.events")
    assert synced().whole
    assert ask(lake_folder, "select count(*) as n from events") == [{"n": 0}]


@pytest.mark.parametrize("damage", ["manifest", "file", "length"])
def test_a_damaged_lake_is_made_anew(
    database: Database, person: Person, synced: Sync, lake_folder: Path, damage: str
) -> None:
    with database.as_service() as tx:
        add_complete(tx, person)
    files = synced().manifest.files()
    charges = lake_folder / next(name for name in files if name.startswith("charges/"))
    if damage == "manifest":
        (lake_folder / "manifest.json").write_text("{")
    elif damage == "file":
        charges.unlink()
    else:
        os.truncate(charges, 0)
    assert synced().whole
    assert ask(lake_folder, "select count(*) as n from charges") == [{"n": 1}]
