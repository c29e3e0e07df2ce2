"""How long the record takes to answer the gallery, beside offset paging, with a million videos."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from jobs.bench.figures import percentile, rounded
from jobs.bench.gallery_rows import filled_record
from storage.postgres import Database, Transaction
from storage.records import gallery
from storage.records.gallery import Group, Key, Reader, Sort, Verdict, VideoFilter
from storage.sqlfiles import queries

_Q = queries("bench_gallery")

PAGE = 60
DEEP = 10_000
"""The page that is asked for by key and by offset."""
TIMES = 15
"""How often each question is asked; its median counts."""

FILTERED = VideoFilter(
    models=("seedance-1.0-lite",), verdicts=(Verdict.APPROVED,), resolutions=("720p",)
)
SEARCHES = {
    "common": VideoFilter(search="sneaker"),
    "rare": VideoFilter(search="sku1234"),
    "typing": VideoFilter(search="golden sneak"),
    "campaign": VideoFilter(search="spring perfume"),
    "nothing": VideoFilter(search="zeppelin"),
}

Ask = Callable[[Transaction], object]


@dataclass(frozen=True)
class _Visit:
    """One reader who asks, and how deep their gallery is."""

    database: Database
    reader: Reader
    deep: Key
    depth: int

    def questions(self) -> Mapping[str, Ask]:
        """What the gallery asks, by the name of its figure."""
        asked: dict[str, Ask] = {
            "first_page": self._page(VideoFilter()),
            "deep_page": self._page(VideoFilter(), after=self.deep),
            "filter": self._page(FILTERED),
            "offset_deep_page": self._offset,
        }
        for sort in (Sort.OLDEST, Sort.RATING, Sort.COST, Sort.LENGTH):
            asked[f"sort_{sort}"] = self._page(VideoFilter(), sort)
        for name, wanted in SEARCHES.items():
            asked[f"search_{name}"] = self._page(wanted)
        asked["search"] = asked["search_typing"]
        return {**asked, **self._others()}

    def _others(self) -> dict[str, Ask]:
        everything = VideoFilter()
        return {
            "neighbours": lambda tx: gallery.neighbours(
                tx, self._plan(tx, everything), Sort.NEWEST, self.deep
            ),
            "count": lambda tx: gallery.count(tx, self._plan(tx, everything)),
            "groups_image": lambda tx: gallery.heads(
                tx, self._plan(tx, everything), Group.IMAGE, limit=24
            ),
            "groups_campaign": lambda tx: gallery.heads(
                tx, self._plan(tx, everything), Group.CAMPAIGN, limit=24
            ),
            "menu_people": lambda tx: gallery.people_in_use(tx, self._plan(tx, everything)),
            "menu_models": lambda tx: gallery.models_in_use(tx, self._plan(tx, everything)),
        }

    def _plan(self, tx: Transaction, wanted: VideoFilter) -> gallery.Plan:
        return gallery.plan(tx, self.reader, wanted)

    def _page(self, wanted: VideoFilter, sort: Sort = Sort.NEWEST, after: Key | None = None) -> Ask:
        return lambda tx: gallery.page(tx, self._plan(tx, wanted), sort, limit=PAGE, after=after)

    def _offset(self, tx: Transaction) -> object:
        return tx.all(_Q["offset_page"], team_id=self.reader.team_id, depth=self.depth, limit=PAGE)

    def median_ms(self, ask: Ask) -> float:
        """Milliseconds from the question to the rows, as this reader."""
        return percentile([self._once_ms(ask) for _ in range(TIMES)], 0.5) or 0.0

    def _once_ms(self, ask: Ask) -> float:
        with self.database.as_person(self.reader.person_id) as tx:
            began = time.perf_counter()
            ask(tx)
            return (time.perf_counter() - began) * 1000


def measure_gallery(folder: Path, videos: int) -> dict[str, Any]:
    """Figures of an administrator, who sees all videos, and in `member` those of one team's member.

    Raises:
        ServiceStartFailed: Postgres did not come up.
    """
    began = time.monotonic()
    with filled_record(folder, videos) as url, Database(url) as database:
        filled_s = time.monotonic() - began
        with database.as_service() as tx:
            totals = tx.one(_Q["totals"])
            readers = tx.all(_Q["readers"])
        admin, member = (_visit(database, row, videos) for row in readers)
        return {
            "videos": totals["videos"],
            "deep_page_number": admin.depth // PAGE,
            **_figures(admin),
            "member": {"deep_page_number": member.depth // PAGE, **_figures(member)},
            "table_mb": round(totals["table_bytes"] / 1e6),
            "index_mb": round(totals["index_bytes"] / 1e6),
            "fill_s": rounded(filled_s, 1),
        }


def _figures(visit: _Visit) -> dict[str, float | None]:
    return {
        f"{name}_ms": rounded(visit.median_ms(ask), 1) for name, ask in visit.questions().items()
    }


def _visit(database: Database, row: Mapping[str, Any], videos: int) -> _Visit:
    """As deep as page 10,000, or as deep as nine tenths of what this reader sees."""
    person_id: UUID = row["id"]
    team_id: UUID | None = None if row["role"] == "admin" else row["team_id"]
    reader = Reader(person_id, team_id, "Europe/Berlin")
    seen = videos if team_id is None else videos // 20
    depth = min(DEEP * PAGE, seen * 9 // 10)
    with database.as_person(person_id) as tx:
        deep = tx.one(_Q["at_depth"], team_id=team_id, depth=depth)["id"]
        return _Visit(database, reader, gallery.key_of(tx, deep), depth)
