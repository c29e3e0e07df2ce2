"""Who is let in while the record is away: whoever was there shortly before, and for how long."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from dashboard import live_sessions
from dashboard.live_sessions import CACHE_S, GRACE_S, LiveSessions
from dashboard.session_cookie import new_token
from storage.errors import RecordUnavailable
from storage.models import Person
from storage.postgres import Database
from storage.records import sessions
from tests.integration.front.front_studio import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(database: Database, clock: Clock) -> LiveSessions:
    return LiveSessions(database, clock=clock)


@pytest.fixture
def known(database: Database, live: LiveSessions, person: Person) -> UUID:
    """A session that was let in once."""
    with database.as_service() as tx:
        id = sessions.open_session(tx, new_token(), person.id, hours=1, user_agent="test")
    assert live.by_id(id) is not None
    return id


def test_a_known_session_outlasts_the_record_for_minutes_only(
    database: Database, live: LiveSessions, known: UUID, clock: Clock
) -> None:
    database.close()
    clock.now_s += CACHE_S + 1
    assert live.by_id(known) is not None
    assert database.rests
    clock.now_s += GRACE_S
    with pytest.raises(RecordUnavailable):
        live.by_id(known)


def test_a_stranger_is_not_let_in_without_the_record(
    database: Database, live: LiveSessions, known: UUID
) -> None:
    database.close()
    with pytest.raises(RecordUnavailable):
        live.by_id(uuid4())


def test_a_sign_out_counts_without_the_record_too(
    database: Database, live: LiveSessions, known: UUID
) -> None:
    database.close()
    live.forget()
    with pytest.raises(RecordUnavailable):
        live.by_id(known)


def test_a_mistake_of_ours_is_no_record_that_is_away(
    database: Database,
    live: LiveSessions,
    known: UUID,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(sessions, "find_by_id")
    clock.now_s += CACHE_S + 1
    with pytest.raises(AttributeError):
        live.by_id(known)
    assert not database.rests


def test_a_record_that_does_not_answer_is_away(
    database_url: SecretStr,
    known: UUID,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_sessions, "PATIENCE_S", 0.01)
    narrow = Database(database_url, max_connections=1)
    busy = LiveSessions(narrow, clock=clock)
    assert busy.by_id(known) is not None
    clock.now_s += CACHE_S + 1
    with narrow.as_service():
        assert busy.by_id(known) is not None
        assert narrow.rests
    narrow.close()
