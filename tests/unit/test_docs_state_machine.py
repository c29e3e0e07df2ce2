from pathlib import Path

from jobs.lifecycle import Event, mermaid
from storage.models import GenerationStatus

DOCUMENT = (Path(__file__).parents[2] / "docs/state-machine.md").read_text()


def test_the_diagram_is_the_one_that_the_table_of_moves_gives() -> None:
    written = DOCUMENT.split("<!-- diagram -->\n```mermaid\n")[1].split("```\n<!-- /diagram -->")[0]
    assert written == mermaid()


def test_every_status_is_explained() -> None:
    explained = [status for status in GenerationStatus if f"| `{status}` |" in DOCUMENT]
    assert explained == list(GenerationStatus)


def test_every_event_stands_in_the_diagram() -> None:
    assert [event for event in Event if f": {event}\n" not in DOCUMENT] == []
