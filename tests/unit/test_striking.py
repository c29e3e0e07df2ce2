"""Which rows of a file are struck out."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from storage.warehouse.striking import count_struck, standing, strike

ROWS = 20
positions = st.sets(st.integers(0, ROWS - 1))


@given(positions, positions)
def test_what_is_struck_out_stays_so(first: set[int], then: set[int]) -> None:
    struck = strike(strike("", ROWS, first), ROWS, then)
    assert struck == strike("", ROWS, first | then)
    assert count_struck(struck) == len(first | then)


def test_readers_pass_over_exactly_those_rows() -> None:
    kept = standing(["", strike("", ROWS, [0, 7, 8, ROWS - 1])])
    rows = (
        f"select file_row_number from range({ROWS}) as r(file_row_number),"
        f" (select unnest([0, 1]) as file_index) where {kept} and file_index = 1 order by 1"
    )
    found = [row[0] for row in duckdb.connect().execute(rows).fetchall()]
    assert found == [row for row in range(ROWS) if row not in (0, 7, 8, ROWS - 1)]


def test_files_without_any_need_no_condition() -> None:
    assert standing(["", ""]) == ""
    assert count_struck("") == 0
