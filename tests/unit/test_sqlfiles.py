"""How the SQL of the house is read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import SettingsError
from storage.sqlfiles import Query, migrations, parse_queries, queries

GROUPS = (
    "attempts",
    "books",
    "campaigns",
    "bench_gallery",
    "product_images",
    "gallery",
    "curation",
    "embedded",
    "events",
    "generations",
    "ledger",
    "migrate",
    "people",
    "session",
    "sessions",
    "videos",
)
TWO = """\
-- name: first
-- What the first does,
-- on two lines.
select 1;

-- name: second
-- What the second does.
select
    -- and a reason inside
    2;
"""


def test_blocks_are_read_with_their_descriptions() -> None:
    found = parse_queries(TWO, "two.sql")
    assert list(found) == ["first", "second"]
    assert found["first"].description == "What the first does, on two lines."
    assert found["first"].text == "select 1"


def test_a_comment_inside_a_statement_stays_out_of_the_description() -> None:
    second = parse_queries(TWO, "two.sql")["second"]
    assert second.description == "What the second does."
    assert second.text.split()[0] == "select"
    assert second.text.endswith("2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "-- name: a\n-- One.\nselect 1;\n-- name: a\n-- Two.\nselect 2;",
            "defines the query a twice",
        ),
        ("-- name: a\nselect 1;", "a needs a description"),
        ("-- name: a\n-- Only words.\n", "a needs a description and a statement"),
        ("-- name: a\n-- Only a stop.\n;", "a needs a description and a statement"),
        ("-- name: a", "a needs a description"),
    ],
)
def test_a_block_that_is_not_whole_is_refused(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        parse_queries(text, "broken.sql")
    assert "broken.sql" in refused.value.happened


def test_what_stands_before_the_first_block_is_no_query() -> None:
    assert parse_queries("-- About this file.\n\n" + TWO, "two.sql").keys() == {"first", "second"}
    assert parse_queries("", "empty.sql") == {}


names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
words = st.from_regex(r"[A-Za-z%' ]{0,20}[A-Za-z]", fullmatch=True)
statements = st.from_regex(r"select [a-z0-9_%\(\)' \n]{0,40}[a-z]", fullmatch=True)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(names, st.tuples(words, statements), max_size=5))
def test_what_is_written_as_blocks_is_read_back(blocks: dict[str, tuple[str, str]]) -> None:
    text = "\n\n".join(
        f"-- name: {name}\n-- {about}\n{statement};" for name, (about, statement) in blocks.items()
    )
    found = parse_queries(text, "made.sql")
    assert {q.name: (q.description, q.text) for q in found.values()} == {
        name: (about.strip(), statement) for name, (about, statement) in blocks.items()
    }


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = parse_queries(text, "any.sql")
    except SettingsError:
        return
    assert all(query.text and query.description for query in found.values())


@pytest.mark.parametrize("group", GROUPS)
def test_every_file_of_queries_can_be_read(group: str) -> None:
    for query in queries(group).values():
        assert not re.search(r"%(?!\(\w+\)s|%)", query.text), f"{query.name} has a lone %"
        assert query.description.endswith(".")


def test_migrations_are_numbered_without_a_gap() -> None:
    names = [name for name, _ in migrations()]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_no_migration_ends_its_own_transaction() -> None:
    for name, text in migrations():
        assert not re.search(r"^\s*(begin|commit|rollback)\s*;", text, re.I | re.M), name


def test_places_take_parts_and_unknown_places_stay() -> None:
    query = Query("cards", "Cards.", "select 1 /*filters*/ order by /*order*/ /*other*/")
    made = query.with_parts(filters="and x", order="y")
    assert made.text == "select 1 and x order by y /*other*/"
    assert query.text.startswith("select 1 /*filters*/")


def test_every_place_of_the_gallery_is_one_that_is_filled() -> None:
    filled = {"filters", "after", "order", "grouped", "group_key"}
    for query in queries("gallery").values():
        assert set(re.findall(r"/\*(\w+)\*/", query.text)) <= filled
