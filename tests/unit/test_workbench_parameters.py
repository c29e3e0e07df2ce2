from datetime import date

import pytest

from jobs.workbench.parameters import Parameter, given, parameters_of


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("select $x", "text"),
        ("select $x::date", "day"),
        ("select $x :: double", "number"),
        ("select $x::boolean", "yes"),
        ("select $x::varchar[]", "list"),
        ("select list_contains($x, model)", "list"),
    ],
)
def test_the_kind_follows_from_the_use(sql: str, kind: str) -> None:
    assert parameters_of(sql) == [Parameter("x", kind)]


def test_a_name_tells_a_day() -> None:
    assert parameters_of("select $since, $until") == [
        Parameter("since", "day"), Parameter("until", "day"),
    ]  # fmt: skip


@pytest.mark.parametrize("sql", ["select '$x'", "-- $x", "/* $x */ select 1", 'select "$x"'])
def test_words_and_comments_ask_for_nothing(sql: str) -> None:
    assert parameters_of(sql) == []


def test_each_is_named_once() -> None:
    assert parameters_of("select $b, $a, $b") == [Parameter("b", "text"), Parameter("a", "text")]


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("text", "", None),
        ("day", date(2026, 11, 1), "2026-11-01"),
        ("number", 2.0, 2),
        ("number", 2.5, 2.5),
        ("list", ["a, b", "c"], ["a, b", "c"]),
        ("list", [], None),
        ("yes", False, False),
    ],
)
def test_values_are_sent_as_their_kind(kind: str, value: object, sent: object) -> None:
    assert given(Parameter("x", kind), value) == {"kind": kind, "value": sent}
