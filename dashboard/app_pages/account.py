"""Account: who you are here, your password, and signing out.

What touches the cookie are plain HTML forms to the routes of `dashboard.signin`: a Streamlit script
can't set a cookie.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard.roles import ROLE_WORDS
from dashboard.services import services
from dashboard.whoami import current_session
from storage.models import Person, Session

_DONE = {
    "password": "Your new password is saved. You are signed out everywhere else.",
    "others": "You are signed out everywhere but here.",
}

_STYLE = """
<style>
.who { display: flex; align-items: center; gap: 16px; margin: 4px 0 22px; }
.who b { flex: none; display: grid; place-items: center; width: 56px; height: 56px; color: #fff;
  font-size: 20px; font-weight: 650; border-radius: 50%;
  background: linear-gradient(135deg, #22d3ee, #6366f1 45%, #db2777); }
.who h1 { margin: 0; padding: 0; font-size: 24px; line-height: 1.25; overflow-wrap: anywhere; }
.who span, .facts dt, .why { opacity: .68; }
.facts { margin: 0 !important; padding: 0 !important; }
.facts div { display: flex; flex-wrap: wrap; gap: 2px 16px; padding: 11px 0;
  border-top: 1px solid color-mix(in srgb, currentColor 12%, transparent); }
.facts dt { flex: 0 0 150px; }
.facts dd { flex: 1 1 200px; margin: 0 !important; overflow-wrap: anywhere; }
.act { display: flex; align-items: center; justify-content: center; width: 100%; min-height: 42px;
  padding: 8px 14px; font: inherit; font-weight: 500; line-height: 1.4; color: inherit;
  text-decoration: none; background: transparent; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 22%, transparent); border-radius: 8px; }
a.act, a.act:hover, a.act:visited { color: inherit; text-decoration: none; }
.act:hover { border-color: #6366f1; }
.act:focus-visible { outline: 3px solid #6366f188; outline-offset: 1px; }
.act.main { color: #fff; background: #4f46e5; border-color: #4f46e5; }
.act.main:hover { background: #4338ca; }
.why { margin: 8px 0 0; font-size: 13px; }
</style>
"""

_WHO = """
<div class="who"><b aria-hidden="true">{initials}</b>
<div><h1>{name}</h1><span>{role}</span></div></div>
"""


def show() -> None:
    """The page."""
    session = current_session()
    _say_what_was_done()
    facts, acts = st.columns([3, 2], gap="medium")
    with facts.container(border=True):
        st.html(_STYLE + _who(session.person) + _facts(session))
    with acts.container(border=True):
        _show_acts()


def _say_what_was_done() -> None:
    words = _DONE.get(st.query_params.pop("done", ""))
    if words:
        st.toast(words, icon=":material/check_circle:", duration="long")


def _who(person: Person) -> str:
    words = person.name.split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    return _WHO.format(
        initials=escape(initials), name=escape(person.name), role=person.role.value.capitalize()
    )


def _facts(session: Session) -> str:
    person, zone = session.person, services().settings.zone
    facts = {
        "E-mail address": person.email,
        "Team": person.team_name,
        "What you can do": ROLE_WORDS[person.role],
        "Signed in until": f"{session.expires_at.astimezone(zone):%A %d %B, %H:%M} ({zone.key})",
    }
    rows = (f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return f'<dl class="facts">{"".join(rows)}</dl>'


def _show_acts() -> None:
    st.html('<a class="act" href="/session/password" target="_self">Change password</a>')
    st.html(
        _form("/session/end-others", "Sign out everywhere else")
        + '<p class="why">Ends your sessions in other browsers and on other devices.</p>'
    )
    st.html(_form("/session/logout", "Sign out", "main"))


def _form(action: str, words: str, look: str = "") -> str:
    button = f'<button type="submit" class="act {look}">{words}</button>'
    return f'<form method="post" action="{action}">{button}</form>'


show()
