import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from jobs.tabular import csv_bytes, xlsx_bytes

BERLIN = ZoneInfo("Europe/Berlin")
ATTACKS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =HYPERLINK(0)", "＝1+1"]


def read(table: pa.Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_bytes(table, BERLIN).decode("utf-8-sig"), newline="")))


def sheet(table: pa.Table) -> str:
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes(table, "Charges", BERLIN))) as book:
        parts = [book.read(name).decode() for name in book.namelist() if name.endswith(".xml")]
    return "".join(parts)


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_that_a_spreadsheet_would_run_is_text(attack: str) -> None:
    table = pa.table({"title": [attack]})
    assert read(table)[1][0] == f"'{attack}"
    assert "<f>" not in sheet(table)


def test_money_and_minus_are_numbers_as_they_are() -> None:
    table = pa.table({"usd": [Decimal("-1.520000")], "n": [-3]})
    assert read(table)[1] == ["-1.520000", "-3"]
    assert "<v>-1.52</v>" in sheet(table)


def test_times_are_the_companys_and_nothing_is_empty() -> None:
    naive = datetime(2026, 7, 1, 22, 30, tzinfo=UTC).replace(tzinfo=None)
    table = pa.table({"at": [naive], "day": [date(2026, 7, 2)], "none": [None]})
    assert read(table)[1] == ["2026-07-02T00:30:00+02:00", "2026-07-02", ""]


def test_a_table_without_rows_has_its_header() -> None:
    table = pa.table({"usd": pa.array([], pa.decimal128(14, 6))})
    assert read(table) == [["usd"]]
    assert "usd" in sheet(table)
