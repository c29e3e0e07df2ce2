"""What `studio bench warehouse` asks is asked of Postgres too."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from jobs.bench.warehouse_questions import EXPORTS, questions, skipped
from storage.sqlfiles import queries

ASKED = questions(date(2026, 11, 28), UUID(int=1))


def test_only_exports_are_skipped() -> None:
    assert set(skipped(ASKED)) == EXPORTS


def test_every_question_has_a_twin() -> None:
    theirs = queries("bench_warehouse")
    assert [question.name for question in ASKED if question.exact_name not in theirs] == []
