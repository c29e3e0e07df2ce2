"""Begins and ends sessions in the record. The functions block; call them off the event loop."""

from __future__ import annotations

from dashboard.doors import Entry
from dashboard.services import live_sessions
from dashboard.session_cookie import new_token
from jobs.bootstrap import Services
from storage.models import Person, Session
from storage.records import events, people, sessions


def begin(services: Services, entry: Entry, *, user_agent: str, before: Session | None) -> str:
    """Begin a session for somebody who came in; the token for their cookie.

    `before` is the session the browser had (None without one). It ends, so that a token somebody
    knew before the sign-in is worth nothing after it.
    """
    person, token = entry.person, new_token()
    hours = services.settings.session_hours
    with services.database.as_service() as tx:
        if before is not None:
            sessions.revoke(tx, before.id)
        sessions.open_session(tx, token, person.id, hours=hours, user_agent=user_agent)
        events.add(tx, "signed_in", person_id=person.id, team_id=person.team_id, door=entry.door)
    live_sessions().forget()
    return token


def end(services: Services, session: Session) -> None:
    """End one session at once."""
    with services.database.as_service() as tx:
        sessions.revoke(tx, session.id)
    live_sessions().forget()


def end_others(services: Services, session: Session, *, user_agent: str) -> str:
    """End every session of the person and begin one in place of `session`; its token."""
    token, hours = new_token(), services.settings.session_hours
    with services.database.as_service() as tx:
        sessions.revoke_of_person(tx, session.person.id)
        sessions.open_session(tx, token, session.person.id, hours=hours, user_agent=user_agent)
    live_sessions().forget()
    return token


def look_at_link(services: Services, token: str) -> Person | None:
    """Whom a one-time link signs in, without using it up; None when it no longer does.

    Mail programs and chats open links by themselves, so only pressing the button uses one up.
    """
    with services.database.as_service() as tx:
        person_id = sessions.find_link(tx, token)
        return people.by_id(tx, person_id) if person_id is not None else None


def use_link(services: Services, token: str) -> Entry | None:
    """Use a one-time link up; who comes in, None when it no longer signs anybody in."""
    with services.database.as_service() as tx:
        person_id = sessions.use_link(tx, token)
        return Entry(people.by_id(tx, person_id), "link") if person_id is not None else None
