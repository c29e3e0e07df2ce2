"""Tables as files that spreadsheets open: CSV and XLSX, in which no text runs as a formula.

A title is whatever somebody typed. OWASP, "CSV Injection": a cell that begins with `=`, `+`, `-`,
`@`, a tab or a line break can run when it is opened, so such text gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pyarrow

MOST_XLSX_ROWS = 1_048_575
"""A sheet holds that many beside its header."""
_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_FORMATS = {"usd": "#,##0.00####", "time": "yyyy-mm-dd hh:mm:ss", "day": "yyyy-mm-dd"}


def csv_bytes(table: pyarrow.Table, zone: ZoneInfo) -> bytes:
    """The table as UTF-8 with a mark that Excel needs; times in `zone` with their offset."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([_harmless(name) for name in table.column_names])
    for row in _rows(table):
        writer.writerow([_csv_cell(value, zone) for value in row])
    return file.getvalue().encode("utf-8-sig")


def xlsx_bytes(table: pyarrow.Table, sheet: str, zone: ZoneInfo) -> bytes:
    """The table as a workbook of one sheet with a fixed header; times in `zone`.

    Money is written as a number with its cents; rows past `MOST_XLSX_ROWS` are left out.
    """
    import xlsxwriter

    file = io.BytesIO()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": True,
        "constant_memory": True,  # rows are written in order, and none is looked at again
    }
    with xlsxwriter.Workbook(file, options) as book:
        formats = {name: book.add_format({"num_format": form}) for name, form in _FORMATS.items()}
        page = book.add_worksheet(sheet[:31])
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, min(table.num_rows, MOST_XLSX_ROWS), max(table.num_columns - 1, 0))
        page.set_column(0, max(table.num_columns - 1, 0), 18)
        head = book.add_format({"bold": True, "bottom": 1})
        for column, name in enumerate(table.column_names):
            page.write_string(0, column, _harmless(name), head)
        for row, values in enumerate(_rows(table.slice(0, MOST_XLSX_ROWS)), start=1):
            for column, value in enumerate(values):
                _write(page, (row, column), value, formats, zone)
    return file.getvalue()


def _rows(table: pyarrow.Table) -> zip[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _csv_cell(value: object, zone: ZoneInfo) -> object:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _there(value, zone).isoformat(timespec="seconds")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal | date):
        return value
    return _harmless(str(value))


def _write(page: Any, at: tuple[int, int], value: object, formats: Any, zone: ZoneInfo) -> None:  # noqa: ANN401
    """One cell by the kind of its value, text always as text."""
    if value is None:
        return
    if isinstance(value, bool):
        page.write_boolean(*at, value)
    elif isinstance(value, Decimal):
        page.write_number(*at, float(value), formats["usd"])
    elif isinstance(value, int | float) and math.isfinite(value):
        page.write_number(*at, value)
    elif isinstance(value, datetime):
        page.write_datetime(*at, _there(value, zone).replace(tzinfo=None), formats["time"])
    elif isinstance(value, date):
        page.write_datetime(*at, value, formats["day"])
    else:
        page.write_string(*at, _harmless(str(value)))


def _there(value: datetime, zone: ZoneInfo) -> datetime:
    """A time of the lake, which is naive UTC, as the company's clock shows it."""
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return aware.astimezone(zone)


def _harmless(text: str) -> str:
    text = text.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_RUN_BY_SPREADSHEETS) else text
