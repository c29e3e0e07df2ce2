"""Loads the SQL of the house: named blocks from `sql/`, so that no SQL stands in a Python string.

A block begins with `-- name: <name>` and at least one comment line that says what it does:

    -- name: person_by_email
    -- One person, active or not.
    select ... where email = %(email)s
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from storage.errors import SettingsError

_HEADER = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_PLACE = re.compile(r"/\*(\w+)\*/")


@dataclass(frozen=True)
class Query:
    """One named statement; `text` has `%(name)s` placeholders and is safe to hand to psycopg."""

    name: str
    description: str
    text: str

    def with_parts(self, **parts: str) -> Query:
        """The statement with `/*name*/` replaced by the part of that name.

        Parts are fragments of the same .sql files, never words from outside.
        """
        text = _PLACE.sub(lambda place: parts.get(place[1], place[0]), self.text)
        return Query(self.name, self.description, text)


def parse_queries(text: str, source: str) -> dict[str, Query]:
    """The named blocks of one file.

    Raises:
        SettingsError: a name stands twice, or a block has no description or no statement.
    """
    pieces = _HEADER.split(text)
    queries: dict[str, Query] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        query = _parse_block(name, body.strip(), source)
        if name in queries:
            raise SettingsError(f"{source} defines the query {name} twice.")
        queries[name] = query
    return queries


def _parse_block(name: str, body: str, source: str) -> Query:
    lines = body.splitlines()
    comments = [line for line in lines if line.startswith("--")]
    statement = "\n".join(line for line in lines if not line.startswith("--"))
    statement = statement.strip().rstrip(";").rstrip()
    if not comments or not statement:
        raise SettingsError(f"{source}: the query {name} needs a description and a statement.")
    description = " ".join(line.removeprefix("--").strip() for line in comments)
    return Query(name, description, statement)


@cache
def queries(group: str) -> dict[str, Query]:
    """The queries of `sql/postgres/queries/<group>.sql`, by name."""
    source = files("sql") / "postgres" / "queries" / f"{group}.sql"
    return parse_queries(source.read_text(encoding="utf-8"), f"{group}.sql")


@cache
def migrations() -> tuple[tuple[str, str], ...]:
    """Name and text of every migration, in order of their numbers."""
    folder = files("sql") / "postgres" / "migrations"
    found = [
        (entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    return tuple(sorted(found))
