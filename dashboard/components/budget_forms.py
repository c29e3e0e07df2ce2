"""The dialogs of the Budgets page: what is held, changing a budget, setting a new one.

Each press asks anew who is signed in; the workshop checks every value and whose budget it is.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import streamlit as st

from dashboard import budget_reads
from dashboard.budget_reads import BudgetView
from dashboard.components.budget_bar import budget_title, grant_words, window_words
from dashboard.components.budget_correction import correction_dialog
from dashboard.components.budget_dialogs import (
    OPEN,
    Opened,
    choose_target,
    close,
    done,
    usd_input,
)
from dashboard.components.budget_tables import holds_table
from dashboard.components.money_words import dollars
from dashboard.components.problem import problems_shown
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.whoami import current_person
from jobs import budgets
from storage.models import Person, Role
from storage.records.budgets import Budget, Grant, Target


def show_dialog(view: BudgetView) -> None:
    """Show the dialog that is open, if any; one about a budget that is gone is closed."""
    opened: Opened | None = st.session_state.get(OPEN)
    if opened is None:
        return
    about = next(
        (b for b in view.budgets if (b.id, b.target_id) == (opened.budget_id, opened.target_id)),
        None,
    )
    if opened.dialog == "new":
        _new_dialog(about)
    elif opened.dialog == "correct":
        correction_dialog(view)
    elif about is None:
        close()
    elif opened.dialog == "held":
        _holds_dialog(about)
    else:
        _change_dialog(about, view.grants_of(about))


_PERIODS = {"day": "A day", "month": "A month", "total": "In total"}
_KINDS = {"hard": "Stops spending", "soft": "Warns only"}
_EVERYBODY = "default"
_SCOPES = {
    "person": "One person",
    "team": "A team",
    "campaign": "A campaign",
    _EVERYBODY: "Everybody's own",
    "organisation": "The organisation",
}
_FOR_ADMINS = frozenset({_EVERYBODY, "organisation"})


@st.dialog("What is held", width="large", on_dismiss=close)
def _holds_dialog(budget: Budget) -> None:
    """The generations behind every held dollar of one budget."""
    with problems_shown():
        person = current_person()
        st.markdown(f"**{plain(budget_title(budget))}**: {plain(dollars(budget.held_usd))} held")
        holds_table(
            budget_reads.open_holds(person.id, budget), budget.held_usd, services().settings.zone
        )


@st.dialog("Change a budget", on_dismiss=close)
def _change_dialog(budget: Budget, grants: list[Grant]) -> None:
    """The limit, the grants and the end of one budget."""
    words = f"**{plain(budget_title(budget))}**, {window_words(budget.period)}"
    st.markdown(words)
    _limit_form(budget)
    for grant in grants:
        _grant_line(grant)
    with st.expander("Grant more for a while", icon=":material/more_time:"):
        _grant_form(budget)
    with st.popover("Remove this budget", icon=":material/delete:", type="tertiary"):
        st.markdown("It stops nothing from then on. The history keeps it.")
        if st.button("Remove", key="budget_remove", type="primary"):
            done(
                lambda person: budgets.remove(services(), person, budget.id),
                "The budget is removed.",
            )


@st.dialog("Set a limit", on_dismiss=close)
def _new_dialog(about: Budget | None) -> None:
    """A limit for whatever the person may set one for; `about` fills it in for one person."""
    with problems_shown():
        person = current_person()
        targets = budget_reads.targets(person.id)
        scope = _choose_scope(person)
        target = None if scope in _FOR_ADMINS else choose_target(scope, targets, about)
        with st.form("budget_new", border=False):
            left, right = st.columns(2)
            period = left.selectbox(
                "Window", list(_PERIODS), format_func=_PERIODS.__getitem__, key="budget_period"
            )
            kind = right.selectbox(
                "When it is reached",
                list(_KINDS),
                format_func=_KINDS.__getitem__,
                key="budget_kind",
            )
            usd = usd_input("Limit in USD", "budget_new_usd", about.limit_usd if about else None)
            pressed = st.form_submit_button("Set limit", type="primary")
        if pressed:
            _set(scope, target, period, kind, usd)


def _choose_scope(person: Person) -> str:
    scopes = [scope for scope in _SCOPES if person.role is Role.ADMIN or scope not in _FOR_ADMINS]
    return st.selectbox("For", scopes, format_func=_SCOPES.__getitem__, key="budget_scope")


def _set(scope: str, target: Target | None, period: str, kind: str, usd: Decimal) -> None:
    if scope == "person" and target is None:
        st.warning("There is nobody to set a limit for.")
        return
    real = "person" if scope == _EVERYBODY else scope
    done(
        lambda person: budgets.set_limit(
            services(), person, scope=real, target_id=target.id if target else None,
            period=period, kind=kind, limit_usd=usd,
        ),
        "The limit is set.",
    )  # fmt: skip


def _limit_form(budget: Budget) -> None:
    with st.form("budget_limit", border=False):
        usd = usd_input("Limit in USD", "budget_limit_usd", budget.base_usd)
        pressed = st.form_submit_button("Save limit", type="primary")
    if pressed:
        done(
            lambda person: budgets.set_limit(
                services(), person, scope=budget.scope, target_id=budget.target_id,
                period=budget.period, kind=budget.kind, limit_usd=usd,
            ),
            "The limit is changed.",
        )  # fmt: skip


def _grant_form(budget: Budget) -> None:
    today = datetime.now(services().settings.zone).date()
    with st.form("budget_grant", border=False):
        usd = usd_input("More, in USD", "budget_grant_usd", None)
        last = st.date_input(
            "Until the end of", value=today, min_value=today, key="budget_grant_day"
        )
        reason = st.text_input(
            "Why", max_chars=budgets.LONGEST_REASON, key="budget_grant_reason",
            placeholder="The launch film needs more tries",
        )  # fmt: skip
        pressed = st.form_submit_button("Grant")
    if pressed:
        done(
            lambda person: budgets.grant(
                services(), person, budget.id, usd, ends_at=_end_of(last), reason=reason
            ),
            "The grant is in force.",
        )


def _grant_line(grant: Grant) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(grant_words(grant, services().settings.zone)))
        if st.button("Take back", key=f"budget_end_{grant.id}", type="tertiary"):
            done(
                lambda person: budgets.end_grant(services(), person, grant.id),
                "The grant is taken back.",
            )


def _end_of(day: date) -> datetime:
    """The moment at which a day ends for the company."""
    midnight = datetime.combine(day + timedelta(days=1), time(), services().settings.zone)
    return midnight.astimezone(UTC)
