"""What the lake has of the rows that are among the changes: what of them is really another."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from storage.warehouse.counting import COUNTED
from storage.warehouse.file_writing import FileWriting
from storage.warehouse.manifest import LakeFile, is_day, month_of, partitions_of, reading
from storage.warehouse.relations import DATASETS
from storage.warehouse.striking import strike
from storage.warehouse.touched import Known, Touched

WRITERS = 2
"""What is done beside each other when changes are published."""


@dataclass
class Holding(FileWriting):
    """A publication in the making, and what its changes meet in the lake."""

    known: Known = field(default_factory=lambda: Known(Touched({})))
    losing: set[str] = field(default_factory=set)
    """Datasets of which rows are in `lost_<dataset>`."""

    def hold_all(self) -> frozenset[str]:
        """Take the rows of every dataset that are among the changes, as they are, into
        `held_<dataset>`, and leave among the changes only what is another than the lake has. The
        datasets of which it has any."""
        with ThreadPoolExecutor(WRITERS) as pool:
            held = pool.map(lambda name: self._aside(_holding(name)), DATASETS)
            return frozenset(
                name for name, any_held in zip(DATASETS, held, strict=True) if any_held
            )

    def drop_known(self, dataset: str) -> bool:
        """`hold`, and leave among the changes only what is another than the lake has."""
        loses = self.known.touched.loses(dataset)
        files = self.hold(dataset)
        if not files:
            if loses:
                self._run("forget_gone", dataset=dataset)
            return False
        if loses:
            self._run("drop_known_gone", dataset=dataset)
        self._run("alike", dataset=dataset, counted=COUNTED[dataset])
        if self._run("any_alike", dataset=dataset).fetchone() == (True,):
            self._run("drop_known_new", dataset=dataset, known=self._reading(files))
        return True

    def hold(self, dataset: str) -> list[LakeFile]:
        """Take what roll-ups have counted of the rows that are to be others, or gone, into
        `held_<dataset>`, and where they are into `found_<dataset>`. The files that have them."""
        days = self.known.touched.gained(dataset)
        homes = {file: self._home(file, month_of) for file in self._old(dataset)}
        touched = {*partitions_of(days, self.daily_from)}
        touched |= {home for file, home in homes.items() if home != file.partition}
        known = [file for file, home in homes.items() if home in touched]
        if known:
            columns = "filename, file_row_number as position, id"
            self._run("find", dataset=dataset, known=reading(self.folder, known, columns))
            # Few columns say which files have any: mostly only rows that are new are written.
            paths = {row[0] for row in self._run("paths", dataset=dataset).fetchall()}
            known = [file for file in known if str(self.folder / file.name) in paths]
        if known:
            source = self._reading(known)
            self._run("hold", dataset=dataset, counted=COUNTED[dataset], known=source)
        return known

    def _struck(self, dataset: str) -> dict[str, LakeFile]:
        """By name, the files of recent days out of which rows are struck now, as they are then.
        Takes what roll-ups have counted of those rows into `lost_<dataset>`."""
        if self.old is None or not self._has_held(dataset):
            return {}
        self._run("lose", dataset=dataset, counted=COUNTED[dataset])
        self.losing.add(dataset)
        found = self._run("positions", dataset=dataset).fetchall()
        files = {str(self.folder / file.name): file for file in self._old(dataset)}
        struck = {}
        for path, positions in found:
            file = files[path]
            if self._is_recent(file.partition):
                bits = strike(file.struck, file.rows, positions)
                struck[file.name] = file.model_copy(update={"struck": bits})
        return struck

    def _has_held(self, dataset: str) -> bool:
        if self.known.held is None:
            return bool(self.hold(dataset))
        return dataset in self.known.held

    def _is_recent(self, partition: str) -> bool:
        return is_day(partition) and date.fromisoformat(partition) >= self.daily_from


def _holding(dataset: str) -> Callable[[Holding], bool]:
    return lambda aside: aside.drop_known(dataset)
