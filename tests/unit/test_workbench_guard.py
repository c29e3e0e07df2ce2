import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.workbench.guard import MOST_CHARACTERS, Guard, Refusal

RELATIONS = ("generations", "charges", "cells")
GUARD = Guard(RELATIONS)
HARMLESS = [
    "select 1",
    "from generations",
    "values (1), (2)",
    "table generations",
    "select * from GENERATIONS as g join charges using (id)",
    "select * from main.generations",
    "with a as (select * from charges) select * from a",
    "with recursive t as (select 1 as n union all select n + 1 from t where n < 9) from t",
    "select model, sum(x) filter (where y) over (partition by day) from cells group by all",
    "select * from generations where day >= $since and list_contains($models, model)",
    "select * from generations qualify row_number() over (order by day) = 1",
    "select unnest([1, 2]), list_transform([1], lambda x: x + 1), {'a': 1}.a",
    "select * from range(10) as r, generate_series(1, 3) as g",
    "select * exclude (id) from generations using sample 10%",
    "select * from generations asof join charges using (day)",
    "from (unpivot cells on a, b into name n value v)",
    "select 1 union all by name select 2 order by 1 limit 5 offset 1",
    "select case when exists (from charges) then 1 end, cast('1' as integer), date '2026-01-01'",
    "describe generations",
    "summarize generations",
    "show tables",
    "explain select 1",
    "-- a word before\nexplain analyze select * from cells",
]
REFUSED = {
    "drop table generations": "drop anything",
    "select 1; select 2": "2 statements",
    "select * from secrets": "no table “secrets”",
    "select * from other.generations": "no table “other.generations”",
    "from read_csv('/etc/passwd')": "`read_csv()`",
    "from '/etc/passwd'": "no table",
    "with x as (delete from charges returning *) from x": "remove rows",
    "pivot cells on model using sum(x)": "PIVOT",
    "select sleep_ms(1)": "`sleep_ms()`",
    "with duckdb_settings as (select 1) select 1": "can't be called",
    "": "nothing to run",
    "selec 1": "",
    "explain explain select 1": "Only SELECT",
    "select '" + "x" * MOST_CHARACTERS + "'": "longer than",
}
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        "select from where with as ( ) , * ' ; -- /* */ $ $$ explain copy to read_text generations "
        "1 :: [ ] { } union all lambda x : + insert pivot on",
    )
)
ODD = st.sampled_from(['"', "\0", chr(0xD800), "é", "\n"])


@pytest.mark.parametrize("sql", HARMLESS)
def test_what_an_analyst_writes_passes(sql: str) -> None:
    assert GUARD.refusal(sql) is None


@pytest.mark.parametrize("sql", REFUSED, ids=lambda sql: sql[:40])
def test_what_is_refused_is_told(sql: str) -> None:
    refusal = GUARD.refusal(sql)
    assert refusal is not None
    assert REFUSED[sql] in refusal.happened


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS | ODD, max_size=30).map(" ".join)))
def test_no_text_breaks_it(sql: str) -> None:
    assert isinstance(GUARD.refusal(sql), Refusal | None)


def test_deep_nesting_does_not_break_it() -> None:
    for sql in (
        "select " + "(" * 5000 + "1" + ")" * 5000,
        "select " + "not " * 5000 + "1",
    ):
        assert isinstance(GUARD.refusal(sql), Refusal | None)
