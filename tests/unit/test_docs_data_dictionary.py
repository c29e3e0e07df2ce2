from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.demo import write_demo
from storage.sqlfiles import Query
from storage.warehouse.dictionary import dictionary_text
from storage.warehouse.reader import EVERYTHING, WarehouseReader
from storage.warehouse.relations import marts, rollups, staged

DOCUMENT = Path(__file__).parents[2] / "docs/data-dictionary.md"


def test_the_page_is_what_the_headers_say() -> None:
    assert DOCUMENT.read_text() == dictionary_text(), "studio warehouse dictionary > docs/…"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> WarehouseReader:
    folder = tmp_path_factory.mktemp("lake")
    write_demo(folder, generations=50, months=1, seed=1, now=datetime(2026, 11, 20, tzinfo=UTC))
    return WarehouseReader(folder)


@pytest.mark.parametrize("name", [*staged(), *rollups(), *marts()])
def test_every_column_of_a_relation_is_described_and_no_other(
    reader: WarehouseReader, name: str
) -> None:
    columns = reader.rows(Query("columns", "", f"describe {name}"), EVERYTHING)
    described = (staged() | rollups() | marts())[name].columns
    assert list(described) == [column["column_name"] for column in columns]
    assert all(described.values())
