"""What the guide for analysts says about their own tools works as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage.errors import WarehouseError
from storage.sqlfiles import Query
from storage.warehouse.outside import outside_statements
from storage.warehouse.reader import EVERYTHING, WarehouseReader
from storage.warehouse.relations import marts, rollups, staged
from tests.integration.warehouse.small_lake import Made, SmallLake, made_on

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (DOCS / "analysts.md").read_text()
FOLDER = "/srv/studio/warehouse/live/"
VIEWS = "/srv/studio/lake.sql"
READER = Path(__file__).with_name("outside_reader_program.py")


def counted(lake: Path, relation: str) -> Any:
    query = Query("n", "", f"select count(*) as n from {relation}")
    return WarehouseReader(lake).rows(query, EVERYTHING)[0]["n"]


def test_every_relation_is_found_outside(lake: Path) -> None:
    with duckdb.connect() as tool:
        tool.execute(outside_statements(lake))
        for name in {**staged(), **marts(), **rollups()}:
            found = tool.execute(f'select count(*) from "{name}"').fetchall()
            assert found == [(counted(lake, name),)], name


def test_rows_that_do_not_count_any_more_are_not_found_outside(lake: Path, tmp_path: Path) -> None:
    small = SmallLake(tmp_path / "lake", lake)
    small.publish(made_on([date(2026, 11, 27)] * 3))
    small.publish({2: Made(date(2026, 11, 27), Decimal(5)), 3: None})
    with duckdb.connect() as tool:
        tool.execute(outside_statements(small.lake.folder))
        found = tool.execute("select list(charge_usd order by charge_usd) from generations")
        assert found.fetchall() == [([Decimal(1), Decimal(5)],)]
        added = tool.execute("select sum(billed_usd), sum(generations) from cells_model")
        assert added.fetchall() == [(6, 2)]


def test_the_statements_of_the_guide_are_how_it_begins(lake: Path) -> None:
    found = re.search(r"```sql\n(set variable manifest.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    own = found[1].replace(FOLDER, f"{lake}/")
    with duckdb.connect() as tool:
        tool.execute(own)
        assert tool.execute("select count(*) from generations").fetchall() == [(2000,)]
    words = outside_statements(lake).replace('"', "").split()
    assert " ".join(own.split()[:30]) in " ".join(words)


def test_the_notebook_runs(lake: Path, tmp_path: Path) -> None:
    (tmp_path / "lake.sql").write_text(outside_statements(lake))
    cells = json.loads((DOCS / "example_notebook.ipynb").read_text())["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            source = "".join(cell["source"]).replace(VIEWS, str(tmp_path / "lake.sql"))
            exec(source, names)  # noqa: S102
    assert names["lake"].execute("select count(*) from generations").fetchall() == [(2000,)]
    names["lake"].close()


def test_another_process_reads_whole_states_while_the_lake_is_written(
    lake: Path, tmp_path: Path
) -> None:
    small = SmallLake(tmp_path / "lake", lake)
    small.publish(made_on([date(2026, 11, 27)]))
    (tmp_path / "lake.sql").write_text(outside_statements(small.lake.folder))
    words = [sys.executable, str(READER), str(tmp_path / "lake.sql")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as reader:
        published = 0
        while reader.poll() is None and published < 500:
            published += 1
            small.publish({1: Made(date(2026, 11, 27), Decimal(published))})
        told = json.loads(reader.communicate(timeout=60)[0])
    assert told["torn"] == []
    assert len(told["seen"]) > 1


def test_who_may_enter_the_folder_may_read_every_file(lake: Path) -> None:
    files = [path for path in lake.rglob("*") if path.is_file() and "lock" not in path.name]
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in files), files


def test_a_path_that_breaks_sql_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="'"):
        outside_statements(tmp_path / "it's")


@pytest.mark.parametrize("limit", ["30 s", "50,000 rows, 32 MB", "768 MB, 1 GB", "100,000"])
def test_the_guide_says_the_limits_that_hold(limit: str) -> None:
    from jobs.workbench.guard import MOST_CHARACTERS
    from jobs.workbench.limits import LIMITS

    held = {
        f"{LIMITS.seconds:g} s",
        f"{LIMITS.rows:,} rows, {LIMITS.answer_mb} MB",
        f"{LIMITS.memory_mb} MB, {LIMITS.disk_mb // 1024} GB",
        f"{MOST_CHARACTERS:,}",
    }
    assert limit in held
    assert limit in GUIDE
