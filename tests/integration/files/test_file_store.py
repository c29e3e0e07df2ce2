"""The store in use may not be the one that holds the record's files; then nothing is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.bootstrap import Services
from jobs.file_recovery import mend_files
from jobs.file_store import FOLDER, trouble_with_store
from storage.models import RenditionState
from storage.objects.local import LocalStore

OTHER = f"{FOLDER}/6f1c7f0e-0000-4000-8000-000000000000.mark"


def switched(services: Services, folder: Path) -> Services:
    store = LocalStore(folder)
    store.prepare()
    return replace(services, store=store)


def test_the_first_look_marks_the_store_and_the_next_knows_it(services: Services) -> None:
    assert trouble_with_store(services, mark=True) is None
    assert len(list(services.store.list(FOLDER))) == 1
    assert trouble_with_store(services) is None


def test_looking_without_marking_leaves_the_store_alone(services: Services) -> None:
    assert trouble_with_store(services) is None
    assert list(services.store.list(FOLDER)) == []


def test_a_mark_whose_note_was_lost_is_found_again(services: Services, as_owner: Any) -> None:
    trouble_with_store(services, mark=True)
    as_owner("update studio.file_store set marked_at = null")
    assert trouble_with_store(services, mark=True) is None
    assert as_owner("select marked_at is not null from studio.file_store") == [(True,)]


def test_after_a_switch_to_an_empty_store_no_file_is_called_lost(
    services: Services, keep: Callable[..., UUID], renditions: Any, tmp_path: Path
) -> None:
    video_id = keep()
    mend_files(services)
    other = switched(services, tmp_path / "other")
    mend_files(other)
    assert "former store" in str(trouble_with_store(other))
    assert {r.state for r in renditions(video_id).values()} == {RenditionState.READY}


def test_in_another_records_store_no_file_is_removed(
    services: Services, put: Callable[..., str], keys: Callable[[], set[str]]
) -> None:
    put(OTHER)
    foreign = put("inputs/theirs.png", age_s=10**9)
    mend_files(services)
    assert "another record" in str(trouble_with_store(services))
    assert foreign in keys()
