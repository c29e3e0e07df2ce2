"""Several at once: syncs take turns, and readers see whole states only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jobs.bootstrap import Services
from jobs.warehouse_process import WarehouseUpkeep
from jobs.warehousing import keep_warehouse, live_folder, sync_warehouse
from storage.errors import RecordUnavailable, WarehouseBusy
from storage.models import Person
from storage.postgres import Database
from storage.warehouse.lake import Lake, Marks
from storage.warehouse.manifest import read_manifest
from storage.warehouse.reader import EVERYTHING, WarehouseReader
from storage.warehouse.turn import Turn, own_turn
from storage.warehouse.writing import Writing
from tests.integration.record.record_rows import add_complete, sql
from tests.integration.warehouse.conftest import Sync
from tests.watching import watching

Owner = Callable[..., list[Any]]
BOTH = sql(
    "select (select count(*) from generations) as generations,"
    " (select count(*) from charges) as charges,"
    " (select sum(amount_usd) from charges) as usd,"
    " (select sum(spend_usd) from cells_model) as rolled_up_usd,"
    " (select sum(charge_usd) from generations) as cost_usd"
)
_CUT = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
    " where application_name = 'studio-warehouse'"
)


def test_readers_see_whole_states_while_syncs_go_on(
    database: Database, person: Person, synced: Sync, lake_folder: Path
) -> None:
    with database.as_service() as tx:
        add_complete(tx, person)
    synced()
    over, reader, seen = threading.Event(), WarehouseReader(lake_folder), set()

    def read() -> None:
        while not over.is_set():
            [row] = reader.rows(BOTH, EVERYTHING)
            assert len({row["generations"], row["charges"]}) == 1
            assert row["usd"] == row["rolled_up_usd"] == row["cost_usd"]
            assert row["usd"] == Decimal(row["charges"])
            seen.add(row["charges"])

    with ThreadPoolExecutor(2) as readers:
        reading = [readers.submit(read) for _ in range(2)]
        try:
            for _ in range(5):
                with database.as_service() as tx:
                    add_complete(tx, person)
                synced()
                Lake(lake_folder).collect_garbage()
        finally:
            over.set()
        for thread in reading:
            thread.result()
    assert len(seen) > 1


def test_a_second_sync_leaves_it_to_the_first(services: Services) -> None:
    url = services.settings.database_url
    assert url is not None
    with own_turn(url), pytest.raises(WarehouseBusy):
        sync_warehouse(services)
    assert sync_warehouse(services).whole


def test_who_may_wait_comes_next(services: Services) -> None:
    with ThreadPoolExecutor(1) as beside:
        url = services.settings.database_url
        assert url is not None
        with own_turn(url):
            waiting = beside.submit(sync_warehouse, services, wait_s=60)
            assert read_manifest(live_folder(services)) is None
        assert waiting.result().whole


def test_the_turn_ends_with_its_connection(services: Services, as_owner: Owner) -> None:
    url = services.settings.database_url
    assert url is not None
    with own_turn(url) as still_mine:
        still_mine()
        as_owner(_CUT)
        with own_turn(url), pytest.raises(RecordUnavailable):
            still_mine()


def test_a_turn_that_is_given_back_is_free_while_its_connection_is_kept(
    database_url: SecretStr,
) -> None:
    with closing(Turn(database_url)) as turn:
        with turn.own(), pytest.raises(WarehouseBusy), own_turn(database_url):
            raise AssertionError("two have the turn")
        with own_turn(database_url) as still_mine:
            still_mine()
        with pytest.raises(ZeroDivisionError), turn.own():
            raise ZeroDivisionError
        with own_turn(database_url) as still_mine:
            still_mine()


def test_a_turn_whose_connection_was_cut_is_taken_over_another(
    database_url: SecretStr, as_owner: Owner
) -> None:
    with closing(Turn(database_url)) as turn:
        with turn.own():
            as_owner(_CUT)
        with turn.own() as still_mine, pytest.raises(WarehouseBusy), own_turn(database_url):
            still_mine()
        as_owner(_CUT)
        with turn.own() as still_mine:
            still_mine()


def test_who_lost_the_turn_publishes_nothing(
    services: Services, synced: Sync, person: Person, lake_folder: Path
) -> None:
    before = synced().manifest
    with services.database.as_service() as tx:
        add_complete(tx, person)

    def lost() -> None:
        raise RecordUnavailable("The lock is lost.")

    with pytest.raises(RecordUnavailable):
        synced(still_mine=lost)
    assert read_manifest(lake_folder) == before


def test_who_is_overtaken_while_writing_publishes_nothing(
    database: Database, synced: Sync, person: Person, lake_folder: Path
) -> None:
    """As after a lost lock: somebody else has published when the files are written."""
    old = synced().manifest
    with database.as_service() as tx:
        add_complete(tx, person)
    marks = Marks(old.watermark, old.system_id, old.time_zone)
    kept_beside = Writing.kept_beside

    def overtaken(self: Any, names: Any) -> Any:
        Lake(lake_folder).confirm(marks)
        return kept_beside(self, names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writing, "kept_beside", overtaken)
        with pytest.raises(WarehouseBusy):
            synced()
    assert rows(lake_folder) == 0
    synced()
    assert rows(lake_folder) == 1


def rows(folder: Path) -> int:
    manifest = read_manifest(folder)
    assert manifest is not None
    return manifest.rows("generations")


# --- the watcher's chore ---


def test_the_chore_syncs_what_changed_and_nothing_else(services: Services, person: Person) -> None:
    url, folder = services.settings.database_url, live_folder(services)
    assert url is not None
    keep_warehouse(services.database, url, folder)
    first = read_manifest(folder)
    keep_warehouse(services.database, url, folder)
    assert read_manifest(folder) == first
    with services.database.as_service() as tx:
        add_complete(tx, person)
    keep_warehouse(services.database, url, folder)
    second = read_manifest(folder)
    assert first is not None
    assert second is not None
    assert (first.rows("generations"), second.rows("generations")) == (0, 1)
    assert second.published_at <= datetime.now(UTC)


def test_a_lake_that_can_not_be_written_is_logged_and_not_fatal(services: Services) -> None:
    url, folder = services.settings.database_url, live_folder(services)
    assert url is not None
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    keep_warehouse(services.database, url, folder)
    folder.unlink()
    keep_warehouse(services.database, url, folder)
    assert Lake(folder).is_whole()


def test_the_process_of_the_watcher_syncs_and_ends_with_it(
    services: Services, person: Person
) -> None:
    with services.database.as_service() as tx:
        add_complete(tx, person)
    upkeep = WarehouseUpkeep(services)
    asyncio.run(upkeep.run())
    process = upkeep._process
    assert process is not None
    try:
        wait_for(lambda: Lake(live_folder(services)).manifest() is not None)
        asyncio.run(upkeep.run())
        assert upkeep._process is process
        process.kill()
        process.wait()
        asyncio.run(upkeep.run())
        assert upkeep._process is not process
    finally:
        upkeep.close()
    assert upkeep._process is None


def test_the_watcher_has_the_warehouse_kept_while_it_leads(services: Services) -> None:
    upkeep = WarehouseUpkeep(services)
    with watching(services, warehouse=upkeep):
        wait_for(lambda: Lake(live_folder(services)).manifest() is not None)
    assert upkeep._process is None


def test_the_process_ends_when_the_watcher_is_killed(services: Services) -> None:
    upkeep = WarehouseUpkeep(services)
    asyncio.run(upkeep.run())
    process = upkeep._process
    assert process is not None
    assert process.stdin is not None
    wait_for(lambda: Lake(live_folder(services)).manifest() is not None)
    process.stdin.close()  # The kernel does so for a process that is killed.
    assert process.wait(20) == 0
    upkeep.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
