import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage.embedded.postgres import EmbeddedPostgres
from storage.migrate import migrate

DOCUMENT = Path(__file__).parents[2] / "docs/analysts.md"
STATEMENTS = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[-1].split(";\n")
TABLES = re.findall(r"^\| (`[a-z_`, ]+`) \|", DOCUMENT.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    folder = tmp_path_factory.mktemp("record")
    server = EmbeddedPostgres(folder / "postgres", folder / "postgres.log")
    server.start()
    try:
        migrate(server.url, company="Acme", time_zone="Europe/Berlin")
        with psycopg.connect(server.url.get_secret_value(), autocommit=True) as opened:
            yield opened
    finally:
        server.stop()


@pytest.mark.parametrize("statement", [s for s in STATEMENTS if s.strip()])
def test_every_query_of_the_analysts_guide_runs(
    connection: psycopg.Connection, statement: str
) -> None:
    assert connection.execute(statement.encode()).description is not None


def test_every_table_of_the_analysts_guide_exists(connection: psycopg.Connection) -> None:
    named = re.findall(r"`(\w+)`", " ".join(TABLES))
    found = connection.execute("select tablename from pg_tables where schemaname = 'studio'")
    assert len(named) > 10
    assert set(named) <= {name for (name,) in found}
