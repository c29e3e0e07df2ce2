"""Whether the store in use is the one that holds this record's files.

The store carries a mark with an id that the record knows. A store without it, or with another
record's, may have been switched by a setting: nothing in it may be taken for lost or left over.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from jobs.bootstrap import Services
from storage.objects.base import ObjectStore
from storage.records import files

FOLDER = "studio"
SUFFIX = ".mark"


def trouble_with_store(services: Services, *, mark: bool = False) -> str | None:
    """Why the files of this store can't be judged, in words; None when it is the record's own.

    With `mark` a store that no record has marked becomes this record's, once.
    """
    with services.database.as_service() as tx:
        known = files.store(tx)
    marks = marks_in(services.store)
    ours = str(known.id)
    if marks == {ours}:
        if known.marked_at is None and mark:
            _note(services)
        return None
    if marks:
        return (
            "The file store carries the mark of another record: none of its files is judged. "
            f"Point the settings to this record's own store, or, to give it this one, remove "
            f"what is in its folder {FOLDER}/."
        )
    if known.marked_at is not None:
        return (
            "The file store is not the one that this record's files were put into: it lacks the "
            f"mark {FOLDER}/{ours}{SUFFIX}. Point the settings to the former store, or copy "
            f"everything from there, the folder {FOLDER}/ too."
        )
    if mark:
        _put_mark(services.store, ours)
        _note(services)
    return None


def marks_in(store: ObjectStore) -> set[str]:
    """Ids of the records that have marked a store as theirs."""
    names = [found.key.rpartition("/")[2] for found in store.list(FOLDER)]
    return {name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)}


def _note(services: Services) -> None:
    with services.database.as_service() as tx:
        files.note_mark(tx)


def _put_mark(store: ObjectStore, ours: str) -> None:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / "mark"
        path.write_text(f"The files here belong to the record {ours}.\n")
        # The bucket takes videos and images only.
        store.put(f"{FOLDER}/{ours}{SUFFIX}", path, "image/png")
