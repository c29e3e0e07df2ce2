"""Writes the files of one publication: those of the partitions that changes touch, no others."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

from storage.warehouse.counting import (
    CONDENSED,
    Change,
    change_of,
    condense,
    name_changes,
    name_facts,
)
from storage.warehouse.file_writing import Later, on_days
from storage.warehouse.holding import WRITERS, Holding
from storage.warehouse.manifest import (
    CHANGES,
    LakeFile,
    is_day,
    month_of,
    year_of,
)
from storage.warehouse.relations import DATASETS, SMALL, rollups

MOST_PIECES = 8
"""A recent day has so many files at most: each costs readers a little."""
MOST_CHANGES = 5_000
"""So many rows of changes are kept beside the recent days of a roll-up before they are added."""
MOST_STRUCK = 8
"""A file of which more than the eighth part is struck out is not kept when files become one."""
ORDER = {
    "generations": "created_at, id",
    "charges": "created_at, id",
    "events": "day, person_id, happened_at, id",
    "latency_model": "phase, day",
    "latency_team": "team_id, day",
}
"""What the rows of a shared file are sorted by, so that readers pass blocks of them over; roll-ups
that are not named: by day."""
PLAINLY = "pragma disable_optimizer"
"""For a statement over few rows and many columns."""


@dataclass
class Writing(Holding):
    """One publication in the making."""

    def kept_beside(self, names: Iterable[str]) -> dict[str, tuple[LakeFile, ...]]:
        """Relations of the writer's own, one file each."""
        return {name: (self._write(name, "", f"select * from {name}"),) for name in names}

    def relations(self) -> dict[str, tuple[LakeFile, ...]]:
        """Write every touched file; all files of the new state, by relation."""
        if self.old is None:
            return self._everything()
        with ThreadPoolExecutor(WRITERS) as pool:
            self.pool = pool
            made = {dataset: self._dataset(dataset) for dataset in DATASETS}
            made |= {name: self._small(name) for name in SMALL}
            # What follows is planned longer than it runs.
            self.connection.execute(PLAINLY)
            days = name_changes(self.connection, self.losing)
            for done in [self._later(partial(Writing._condense, mart=mart)) for mart in CONDENSED]:
                done()
            for rollup in rollups().values():
                change = change_of(rollup, days)
                made[rollup.name] = self._later(partial(Writing._changed_rollup, change=change))
            return {name: files() for name, files in made.items()}

    def _condense(self, mart: str) -> None:
        self.connection.execute(PLAINLY)
        condense(self.connection, mart)

    def _everything(self) -> dict[str, tuple[LakeFile, ...]]:
        made: dict[str, tuple[LakeFile, ...]] = {}
        for dataset in DATASETS:
            made[dataset] = self._dataset(dataset)()
        made |= {name: self._small(name)() for name in SMALL}
        name_facts(self.connection, {name: self._reading(made[name]) for name in DATASETS})
        for name in rollups():
            made[name] = self._whole_rollup(name)()
        return made

    def _small(self, name: str) -> Later:
        if name in self.known.unchanged:
            return lambda: self._old(name)
        job = self._job(name, "", f"select * from new_{name}")
        return lambda: (job(),)

    def _dataset(self, dataset: str) -> Later:
        """All its files: a recent day gets one more with what is new, and what that replaces is
        struck out of the others; an old one is written again with those that it shares a file with.
        """
        gained = self.known.touched.gained(dataset)
        struck = self._struck(dataset)
        before = [struck.get(file.name, file) for file in self._old(dataset)]
        recent = {file.partition for file in before if self._is_recent(file.partition)}
        recent &= {str(day) for day in gained}
        pieces = [
            self._pieces(dataset, day, gained[day], [f for f in before if f.partition == str(day)])
            for day in sorted(gained)
            if str(day) in recent
        ]
        rewritten = self._rewritten(
            dataset,
            [file for file in before if file.partition not in recent],
            {day for day in gained if str(day) not in recent},
            month_of,
            lambda target, before: self._merged(dataset, target, before),
        )
        return lambda: self._or_empty(
            dataset,
            f"select * from new_{dataset}",
            [*rewritten(), *(file for files in pieces for file in files())],
        )

    def _pieces(self, dataset: str, day: date, rows: int, before: list[LakeFile]) -> Later:
        """The files of a recent day to which so many rows are new."""
        kept = [file for file in before if file.counting]
        if not rows:
            return lambda: tuple(kept)
        new = f"select * from new_{dataset} where {on_days({day})}"
        if len(kept) >= MOST_PIECES:
            kept, small = _large_and_small(kept)
            new = f"select * from {self._reading(small)} union all by name {new}"
        job = self._job(dataset, str(day), new)
        return lambda: (*kept, job())

    def _merged(self, dataset: str, target: str, before: list[LakeFile]) -> str:
        new = f"select * from new_{dataset} where {self._within(target)}"
        # A day is written again and again and read as a whole: sorting it gains nothing.
        order = "" if is_day(target) else f"order by {ORDER[dataset]}"
        if not before:
            return f"{new} {order}"
        return f"""
            select * from {self._reading(before)}
            anti join (select id from new_{dataset} union all select id from gone_{dataset})
                using (id)
            union all by name {new} {order}"""

    def _whole_rollup(self, name: str) -> Later:
        self.connection.execute(
            f"create or replace temp table made as {rollups()[name].query.text}"
        )
        order = f"order by {ORDER.get(name, 'day')}"
        files = self._rewritten(
            name,
            [],
            self._days("made"),
            year_of,
            lambda target, _: f"select * from made where {self._within(target)} {order}",
        )
        return lambda: self._or_empty(name, "select * from made", [*files()])

    def _changed_rollup(self, change: Change) -> tuple[LakeFile, ...]:
        """What changes add and take away on recent days is kept in one file beside those of the
        days, for readers to add up. Once there is much of it, it is added to the days. On old ones
        it always is: they share the file of their year, as each file costs a report that reads all
        of them."""
        self.connection.execute(PLAINLY)
        name = change.rollup.name
        old = [file for file in self._old(name) if file.partition != CHANGES]
        earlier = [file for file in self._old(name) if file.partition == CHANGES]
        touched: list[LakeFile] = []
        if self._is_to_add(earlier):
            change = self._gathered(change, earlier).counted(self.connection)
            recent = {day for day in change.days if day >= self.daily_from}
            touched = [file for file in old if file.partition in set(map(str, recent))]
            made = self._added(change, recent, touched)
        else:
            if any(day < self.daily_from for day in change.days):
                change = change.counted(self.connection)
            made = self._beside(change, earlier)
        old_days = {day for day in change.days if day < self.daily_from}
        if old_days or self._has_aged():
            self.connection.execute("pragma enable_optimizer")
        rewritten = self._rewritten(
            name,
            [file for file in old if file not in touched],
            old_days,
            year_of,
            lambda target, before: self._merged_rollup(change, target, before),
        )
        return self._or_empty(name, f"select * from ({change.net()})", [*rewritten(), *made])

    def _is_to_add(self, earlier: list[LakeFile]) -> bool:
        return self._has_aged() or any(file.rows > MOST_CHANGES for file in earlier)

    def _has_aged(self) -> bool:
        """Whether days have become old since the last publication."""
        return self.old is not None and self.old.daily_from != self.daily_from

    def _gathered(self, change: Change, earlier: list[LakeFile]) -> Change:
        """The change with those before it that were not added to days."""
        if not earlier:
            return change
        days = {day for file in earlier for day in file.days}
        return change.with_earlier(self._reading(earlier), days)

    def _beside(self, change: Change, earlier: list[LakeFile]) -> list[LakeFile]:
        """The file beside the recent days, if any: what was in it and what changes now."""
        if all(day < self.daily_from for day in change.days):
            return earlier
        both = self._gathered(change, earlier)
        net = both.net(f"day >= date '{self.daily_from}'")
        # What is copied is planned twice, and this takes longer to plan than to do.
        self.connection.execute(f"create or replace temp table net as {net}")
        written = self._write(change.rollup.name, CHANGES, "select * from net")
        recent = tuple(sorted(day for day in both.days if day >= self.daily_from))
        return [written.model_copy(update={"days": recent})] if written.rows else []

    def _added(self, change: Change, days: set[date], before: list[LakeFile]) -> list[LakeFile]:
        """The files of recent days with what changes there; a day that nothing is left of has none.
        All are read and added to at once: planning that takes longer than doing it."""
        if not days:
            return []
        added = change.added(self._reading(before) if before else None, on_days(days))
        self.connection.execute(f"create or replace temp table added as {added}")
        name = change.rollup.name
        order = f"order by {ORDER.get(name, 'day')}"
        written = [
            self._write(name, str(day), f"select * from added where day = '{day}' {order}")
            for day in sorted(days)
        ]
        return [file for file in written if file.rows]

    def _merged_rollup(self, change: Change, target: str, before: list[LakeFile]) -> str:
        days = on_days(set(change.days))
        old = self._reading(before) if before else None
        touched = f"(select * from {old} where {days})" if old else None
        counted = change.added(touched, self._within(target))
        rest = f"union all by name select * from {old} where not ({days})" if old else ""
        return f"{counted} {rest} order by {ORDER.get(change.rollup.name, 'day')}"


def _large_and_small(files: list[LakeFile]) -> tuple[list[LakeFile], list[LakeFile]]:
    """One with most of a day's rows, unless much of it is struck out, and the others: those become
    one, so that a day is written as a whole only when it has doubled."""
    half = sum(file.counting for file in files) / 2
    large = [
        file
        for file in files
        if file.counting > half and (file.rows - file.counting) * MOST_STRUCK <= file.rows
    ]
    return large, [file for file in files if file not in large]
