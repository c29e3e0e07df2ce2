"""The doctor: green after real work, and each check red when exactly its thing is broken."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from jobs.bells import Bells
from jobs.bootstrap import Services, opened_services
from jobs.checks import SHOWN, Check
from jobs.doctor import examine
from jobs.fal.client import FalClient
from jobs.fal.simulator.failures import UNKNOWN_KEY
from jobs.fal.simulator.process import Simulator
from jobs.file_recovery import mend_generation
from jobs.media.ffmpeg import Ffmpeg
from storage import postgres
from storage.embedded.valkey import EmbeddedValkey
from storage.objects.local import LocalStore
from storage.postgres import Database
from storage.settings import load_settings
from storage.sqlfiles import queries
from storage.warehouse.reader import WarehouseReader
from tests.integration.record.record_rows import sql
from tests.integration.record.whole_studio import (
    admit_one,
    keep,
    restore,
    work_until_completed,
)

Owner = Callable[..., list[Any]]
AT_WORK = ("submit", "collect", "media", "watcher")


@pytest.fixture(scope="module")
def studio(
    shared_url: SecretStr,
    valkey_server: EmbeddedValkey,
    simulator_server: Simulator,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Services, UUID]]:
    """A studio where everybody is at work, and the generation that went the whole way in it."""
    settings = load_settings(
        _env_file=None,
        data_dir=tmp_path_factory.mktemp("doctor"),
        database_url=shared_url,
        redis_url=valkey_server.url,
        fal_base_url=simulator_server.url,
    )
    with opened_services(settings) as services:
        services.store.prepare()
        generation_id = admit_one(services)
        work_until_completed(services, generation_id)
        with services.database.as_service() as tx:
            for kind in AT_WORK:
                tx.run(sql("insert into studio.processes values (%(k)s, %(k)s, 'here', 1)"), k=kind)
        keep(shared_url)
        yield services, generation_id


@pytest.fixture
def database_url(shared_url: SecretStr) -> SecretStr:
    """For `as_owner`: the studio's record, as it is."""
    return shared_url


@pytest.fixture
def services(studio: tuple[Services, UUID], tmp_path: Path) -> Iterator[Services]:
    """The studio's services. Record and files are mended after the test."""
    services, _ = studio
    files = services.settings.data_dir / "objects"
    shutil.copytree(files, tmp_path / "kept")
    yield services
    shutil.rmtree(files)
    shutil.copytree(tmp_path / "kept", files)
    assert services.settings.database_url is not None
    restore(services.settings.database_url)


@pytest.fixture
def done(studio: tuple[Services, UUID], services: Services) -> UUID:
    """The generation that went the whole way."""
    return studio[1]


@pytest.fixture
def red(services: Services) -> Callable[..., list[Check]]:
    """The checks that found something, with one service replaced if asked.

    What they look at is broken past every trigger, so the warehouse would be told of it as well:
    tests/integration/warehouse has the checks of that.
    """
    elsewhere = WarehouseReader(services.settings.data_dir / "no-warehouse")

    def run(**replaced: Any) -> list[Check]:
        checks = examine(dataclasses.replace(services, **{"warehouse": elsewhere, **replaced}))
        return [check for check in checks if check.problems]

    return run


Red = Callable[..., list[Check]]


def test_a_studio_that_did_its_work_is_green(services: Services, done: UUID, red: Red) -> None:
    assert red() == []
    names = [check.name for check in examine(services) if "warehouse" not in check.name]
    assert len(names) == 11 + len(INVARIANTS)


# --- the books: each invariant, broken by hand ---

COPY = """
insert into studio.{table}
select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), {changes}))).*
from studio.{table} as t where {key} = %(id)s limit 1"""
OPEN_HOLD = COPY.format(
    table="holds", key="generation_id", changes="'released_at', null, 'release_reason', null"
)
RECOUNT = "select studio.recount_money()"
UNFINISH = "update studio.generations set status = 'queued', finished_at = null where id = %(id)s"
UNFINISH_HISTORY = """
delete from studio.generation_history where generation_id = %(id)s and from_status is not null"""

INVARIANTS: dict[str, tuple[str, ...]] = {
    "holds_on_finished": (OPEN_HOLD, RECOUNT),
    "unfinished_without_hold": (UNFINISH, UNFINISH_HISTORY),
    "completed_without_one_charge": (
        "delete from studio.charges where generation_id = %(id)s",
        RECOUNT,
    ),
    "completed_without_video": ("delete from studio.videos where id = %(id)s",),
    "submitted_without_attempt": ("delete from studio.attempts where generation_id = %(id)s",),
    "several_open_attempts": (
        "drop index studio.attempts_one_open",  # Put back by `restore`.
        "update studio.attempts set state = 'accepted' where generation_id = %(id)s",
        COPY.format(
            table="attempts",
            key="generation_id",
            changes="'number', 2, 'marker', 'other', 'request_id', 'other'",
        ),
    ),
    "budgets_overshot": (
        "update studio.charges set amount_usd = 101",
        RECOUNT,
    ),
    "sums_differ": ("update studio.held_usd set amount_usd = 1 where scope = 'person'",),
    "history_differs": (
        "delete from studio.generation_history where generation_id = %(id)s "
        "and to_status = 'submitting'",
    ),
    "unknown_outcomes": ("update studio.attempts set state = 'unknown'",),
    "found_after_the_end": (
        "insert into studio.outcome_decisions (generation_id, attempt_id, what, reason, confirmed,"
        " chargeable_until, decided_by) select g.id, a.id, 'not_submitted', 'Nothing there', true,"
        " now(), g.person_id from studio.generations as g"
        " inner join studio.attempts as a on a.generation_id = g.id where g.id = %(id)s",
        "update studio.attempts set found_ids = '{a-request}' where generation_id = %(id)s",
    ),
    "unverified_charges": ("update studio.charges set verified = false",),
}
WARNINGS = {"unknown_outcomes", "found_after_the_end", "unverified_charges"}


def test_every_invariant_is_broken_here() -> None:
    assert set(INVARIANTS) == set(queries("books")) - {"files", "applied_migrations"}


@pytest.mark.parametrize("name", INVARIANTS)
def test_exactly_the_broken_invariant_is_named(
    services: Services, as_owner: Owner, done: UUID, red: Red, name: str
) -> None:
    for statement in INVARIANTS[name]:
        as_owner(statement.replace("%(id)s", f"'{done}'"), triggers=False)
    description = queries("books")[name].description.rstrip(".")
    found = {check.name: check for check in red()}
    assert set(found) == {description}
    assert found[description].ok == (name in WARNINGS)
    if name not in ("budgets_overshot", "sums_differ"):
        assert found[description].problems[0].startswith(str(done))


# --- the services: each one broken ---


def test_a_migration_that_is_missing_is_named(as_owner: Owner, done: UUID, red: Red) -> None:
    as_owner("delete from studio.migrations where name = '0010_create_queue_view'")
    (check,) = red()
    assert check.name == "database answers and is migrated"
    assert check.problems == ["0010_create_queue_view is not applied: run `studio migrate`."]


def test_a_database_that_is_away_is_a_finding_not_a_crash(
    done: UUID, red: Red, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CHECKOUT_TIMEOUT_S", 0.5)
    with Database(SecretStr("postgresql://studio@127.0.0.1:1/studio")) as away:
        found = {check.name for check in red(database=away)}
    assert found == {
        "database answers and is migrated",
        "workers and watcher are at work",
        "every file of the record is in the store",
        "the books can be read",
    }


def test_redis_that_is_away_is_named(done: UUID, red: Red) -> None:
    away = Bells(SecretStr("redis://127.0.0.1:1/0"))
    assert [check.name for check in red(bells=away)] == ["redis answers"]
    away.close()


def test_a_store_that_keeps_nothing_is_named(done: UUID, red: Red, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    found = red(store=LocalStore(tmp_path / "file"))
    assert "file store keeps and returns a file" in {check.name for check in found}


def test_the_store_check_leaves_nothing_behind(services: Services, done: UUID, red: Red) -> None:
    before = {found.key for found in services.store.list("")}
    assert red() == []
    assert {found.key for found in services.store.list("")} == before


def test_a_fal_that_is_away_is_named(done: UUID, red: Red) -> None:
    away = FalClient("key", "http://127.0.0.1:1")
    assert [check.name for check in red(fal=away)] == ["fal accepts the key"]
    away.close()


def test_a_wrong_key_is_named(done: UUID, red: Red) -> None:
    with refusing_every_key() as url:
        stranger = FalClient("wrong", url)
        (check,) = red(fal=stranger)
        stranger.close()
    assert check.name == "fal accepts the key"
    assert "key" in check.problems[0].lower()


@contextmanager
def refusing_every_key() -> Iterator[str]:
    """A fal that knows no key; the simulator takes every one."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.end_headers()
            self.wfile.write(json.dumps(UNKNOWN_KEY).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Not into the test's output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_ffmpeg_that_does_not_run_is_named(done: UUID, red: Red, tmp_path: Path) -> None:
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert [check.name for check in red(ffmpeg=Ffmpeg(broken))] == ["ffmpeg runs"]


@pytest.mark.parametrize("kind", AT_WORK)
def test_a_kind_of_process_that_is_silent_is_named(
    as_owner: Owner, done: UUID, red: Red, kind: str
) -> None:
    as_owner(
        "update studio.processes set beat_at = now() - interval '41 seconds' where kind = %s", kind
    )
    (check,) = red()
    assert check.name == "workers and watcher are at work"
    assert check.problems == [f"No {kind} process is at work."]


# --- files ---

FILES = "every file of the record is in the store"
EXTRA = "the record knows every file in the store"
AGAIN = "1 file: the watcher has those made again that can be."


def test_a_file_that_is_missing_is_named(services: Services, done: UUID, red: Red) -> None:
    (stored,) = [f.key for f in services.store.list("videos") if "poster" in f.key]
    services.store.delete([stored])
    (check,) = red()
    assert check.name == FILES
    assert check.problems == [AGAIN, f"{stored} is missing."]


def test_a_start_image_that_is_missing_is_named(services: Services, done: UUID, red: Red) -> None:
    (stored,) = services.store.list("inputs")
    services.store.delete([stored.key])
    (check,) = red()
    assert check.problems == [AGAIN, f"{stored.key} is missing."]


def test_a_file_that_was_cut_short_is_named(services: Services, done: UUID, red: Red) -> None:
    stored = next(iter(services.store.list("videos")))
    path = services.store.local_path(stored.key)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-1])
    (check,) = red()
    assert check.name == FILES
    assert f"{stored.key} has {stored.size_bytes - 1} bytes" in check.problems[1]


def put(services: Services, tmp_path: Path, key: str, age_s: float = 0) -> str:
    (tmp_path / "stray").write_bytes(b"x" * 100_000)
    services.store.put(key, tmp_path / "stray", "video/mp4")
    path = services.store.local_path(key)
    assert path is not None
    os.utime(path, (time.time() - age_s,) * 2)
    return key


def test_a_file_that_nobody_knows_is_worth_a_look(
    services: Services, done: UUID, red: Red, tmp_path: Path
) -> None:
    stray = put(services, tmp_path, f"videos/{uuid4()}/web.mp4")
    (check,) = red()
    assert check.name == EXTRA
    assert check.ok
    kept = "1 file (0.1 MB) of no generation that this record knows; kept:"
    assert check.problems == [kept, stray]


def test_files_that_are_left_over_are_counted(
    services: Services, done: UUID, red: Red, tmp_path: Path
) -> None:
    left = [put(services, tmp_path, f"videos/{done}/{name}.mp4") for name in ("a", "b")]
    image = put(services, tmp_path, "inputs/old.png", age_s=31 * 24 * 3600)
    (check,) = red()
    assert check.ok
    assert check.problems == [
        "2 files (0.2 MB) left over; the watcher removes what is older than 24 hours:",
        *left,
        "1 file (0.1 MB) of no request; the watcher removes them within a day:",
        image,
    ]


def test_files_of_a_video_on_its_way_are_no_finding(
    services: Services, as_owner: Owner, done: UUID, red: Red, tmp_path: Path
) -> None:
    as_owner("update studio.renditions set state = 'pending' where kind = '480p'")
    put(services, tmp_path, f"videos/{done}/480p.mp4")
    assert red() == []


def test_a_file_that_is_lost_for_good_is_named(
    services: Services, as_owner: Owner, done: UUID, red: Red
) -> None:
    (web,) = [f.key for f in services.store.list("videos") if "web" in f.key]
    services.store.delete([web])
    mend_generation(services, done)
    (check,) = red()
    assert check.name == "no file of a video is lost for good"
    assert not check.ok
    assert check.problems[1].startswith(f"{web}: Its file is gone from the store")


def test_another_records_store_is_named(
    services: Services, done: UUID, red: Red, tmp_path: Path
) -> None:
    put(services, tmp_path, f"studio/{uuid4()}.mark")
    (check,) = red()
    assert check.name == "the file store is this record's own"
    assert not check.ok


def test_half_deleted_and_overdue_videos_are_counted(as_owner: Owner, done: UUID, red: Red) -> None:
    as_owner("update studio.videos set status = 'trashed', deleted_at = now() - interval '32 days'")
    (check,) = red()
    assert check.name == "the trash is emptied in time"
    assert check.problems[0].startswith("1 in the trash for more than 31 days")
    as_owner("update studio.videos set purge_begun_at = now()")
    assert "1 half-deleted: the watcher goes on with them." in [
        p for c in red() for p in c.problems
    ]


def test_many_findings_are_counted_not_listed(as_owner: Owner, done: UUID, red: Red) -> None:
    as_owner(
        "insert into studio.renditions (video_id, kind, state, key, content_type, size_bytes, "
        "sha256) select %s, kind, 'ready', kind, 'video/mp4', 1, 'aa' "
        "from unnest(array['original', '480p']) as kind "
        "on conflict (video_id, kind) do update set state = 'ready', key = excluded.key, "
        "content_type = 'video/mp4', size_bytes = 1, sha256 = 'aa'",
        done,
    )
    as_owner("update studio.renditions set key = 'gone/' || kind where video_id = %s", done)
    (check,) = [found for found in red() if found.name == FILES]
    assert len(check.problems) == 1 + SHOWN + 1
    assert check.problems[-1] == "… and 1 more."
