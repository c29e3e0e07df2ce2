"""A record with so many synthetic videos, for `studio bench gallery`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pydantic import SecretStr

from storage.embedded.folder import DataFolder
from storage.embedded.postgres import EmbeddedPostgres
from storage.migrate import migrate
from storage.postgres import mapped_errors
from storage.sqlfiles import queries

_Q = queries("bench_gallery")

AT_ONCE = 50_000
"""Videos written by one statement."""

TEAMS = 20

MEMORY = {"shared_buffers": "1GB", "jit": "off"}
"""What a server for a million videos has; the studio's own embedded one is for a small machine."""


@contextmanager
def filled_record(folder: Path, videos: int) -> Iterator[SecretStr]:
    """The address of a migrated Postgres with so many videos.

    Raises:
        ServiceStartFailed: it did not come up.
    """
    data = DataFolder(folder / "studio")
    data.prepare()
    postgres = EmbeddedPostgres(data.postgres, data.log("postgres"), settings=MEMORY)
    try:
        postgres.start()
        migrate(postgres.url, company="Bench", time_zone="Europe/Berlin")
        fill_record(postgres.url, videos)
        yield postgres.url
    finally:
        postgres.stop()


def fill_record(url: SecretStr, videos: int, *, teams: int = TEAMS) -> None:
    """Add so many videos to the migrated record at `url`, which has none yet.

    Raises:
        RecordUnavailable: it can't be reached.
    """
    with mapped_errors(), psycopg.connect(url.get_secret_value(), autocommit=True) as owner:
        fill(owner, videos, teams=teams)


def fill(owner: psycopg.Connection[tuple[str, str]], videos: int, *, teams: int = TEAMS) -> None:
    """Write people, campaigns and videos; indexes are made after the rows."""
    owner.execute(_Q["skip_triggers"].text)
    indexes = owner.execute(_Q["indexes"].text).fetchall()
    for name, _ in indexes:
        owner.execute(_Q["drop_index"].with_parts(name=name).text)
    for step in ("add_teams", "add_people"):
        owner.execute(_Q[step].text, {"teams": teams})
    owner.execute(_Q["add_campaigns"].text)
    for first in range(1, videos + 1, AT_ONCE):
        last = min(videos, first + AT_ONCE - 1)
        owner.execute(_Q["add_videos"].text, {"first": first, "last": last, "count": videos})
    owner.execute(_Q["fast_index_builds"].text)
    for _, statement in indexes:
        owner.execute(statement.encode())
    for step in ("vacuum", "analyze"):
        owner.execute(_Q[step].text)
