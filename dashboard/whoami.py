"""The person behind this run of a script.

The gate names the session when a websocket connects; the socket may live longer than the session.
So every run, and every fragment that reads or changes something, asks again.
"""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from dashboard.services import live_sessions
from storage.models import Person, Session

_SIGNED_OUT = """
<p>Your session has ended: you signed out, or it ran out. Nothing is lost.</p>
<a href="/session/login" target="_self"
   style="display:inline-block;padding:.5rem 1rem;border-radius:8px;background:#4f46e5;
          color:#fff;text-decoration:none;font-weight:600">Sign in again</a>
"""


def current_person() -> Person:
    """The person of this run, as the record has them now; ends the run when signed out.

    Raises:
        RecordUnavailable: the record can't be asked.
    """
    return current_session().person


def current_session() -> Session:
    """The session of this run; ends the run with a notice when it is over.

    Raises:
        RecordUnavailable: the record can't be asked.
    """
    session_id = _session_id()
    session = live_sessions().by_id(session_id) if session_id else None
    if session is None:
        st.subheader("You are signed out")
        st.html(_SIGNED_OUT)
        st.stop()
    return session


def _session_id() -> UUID | None:
    value = st.user.get("session_id")
    try:
        return UUID(str(value))
    except ValueError:
        return None
