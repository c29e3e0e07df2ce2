"""Account: who you are here, your password, and signing out.

What touches the cookie are plain HTML forms to the routes of `dashboard.signin`: a Streamlit script
can't set a cookie.
"""

from __future__ import annotations

import streamlit as st

from dashboard.error_frame import plain
from dashboard.roles import ROLE_WORDS
from dashboard.services import services
from dashboard.whoami import current_session
from storage.models import Session

_DONE = {
    "password": "Your new password is saved. You are signed out everywhere else.",
    "others": "You are signed out everywhere but here.",
}

_STYLE = """
<style>
.act { display: flex; align-items: center; justify-content: center; width: 100%; min-height: 40px;
  padding: 8px 14px; font: inherit; font-weight: 500; line-height: 1.4; color: inherit;
  text-decoration: none; background: transparent; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent); border-radius: 8px; }
a.act, a.act:hover, a.act:visited { color: inherit; text-decoration: none; }
.act:hover { border-color: #6366f1; }
.act:focus-visible { outline: 3px solid #6366f188; outline-offset: 1px; }
.act.main { color: #fff; background: #4f46e5; border-color: #4f46e5; }
.act.main:hover { background: #4338ca; }
</style>
"""


def show() -> None:
    """The page."""
    session = current_session()
    _say_what_was_done()
    st.title(plain(session.person.name))
    facts, acts = st.columns([3, 2], gap="large")
    with facts.container(border=True):
        _show_facts(session)
    with acts.container(border=True):
        _show_acts()


def _say_what_was_done() -> None:
    words = _DONE.get(st.query_params.pop("done", ""))
    if words:
        st.toast(words, icon=":material/check_circle:", duration="long")


def _show_facts(session: Session) -> None:
    person = session.person
    ends = session.expires_at.astimezone(services().settings.zone)
    rows = {
        "E-mail address": plain(person.email),
        "Team": plain(person.team_name),
        "Role": ROLE_WORDS[person.role],
        "Signed in until": plain(f"{ends:%A %d %B, %H:%M} ({services().settings.time_zone})"),
    }
    for name, value in rows.items():
        st.caption(name)
        st.markdown(value)


def _show_acts() -> None:
    st.html(_STYLE)
    st.html('<a class="act" href="/session/password" target="_self">Change password</a>')
    st.html(_form("/session/end-others", "Sign out everywhere else"))
    st.html(_form("/session/logout", "Sign out", "main"))


def _form(action: str, words: str, look: str = "") -> str:
    button = f'<button type="submit" class="act {look}">{words}</button>'
    return f'<form method="post" action="{action}">{button}</form>'


show()
