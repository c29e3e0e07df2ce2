"""Tables that are made ready once and sent many times."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from dashboard import tables


def test_a_table_is_made_once_for_each_key() -> None:
    key, seen = str(uuid4()), list[int]()

    def rows() -> list[dict[str, Any]]:
        seen.append(1)
        return [{"Title": "A", "Amount": None}, {"Title": "B", "Amount": 1.5}]

    made = [tables.kept(key, rows) for _ in range(3)]
    assert seen == [1]
    assert made[2].to_pylist() == [{"Title": "A", "Amount": None}, {"Title": "B", "Amount": 1.5}]


def test_links_are_a_column_only_where_one_leads_somewhere() -> None:
    none = tables.kept(str(uuid4()), lambda: [{"Open": None, "Title": "A"}])
    one = tables.kept(str(uuid4()), lambda: [{"Open": None, "Title": "A"}, {"Open": "/x"}])
    assert tables.shown_columns(none) == ["Title"]
    assert tables.shown_columns(one) == ["Open", "Title"]
