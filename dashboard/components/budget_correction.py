"""The dialog that corrects what was charged, with its effect before it is saved."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import streamlit as st

from dashboard import budget_reads
from dashboard.budget_reads import BudgetView
from dashboard.components.budget_dialogs import choose_target, close, done
from dashboard.components.budget_effect import Subject, effect_table, overdrawn
from dashboard.components.budget_tables import adjustable_words
from dashboard.components.problem import problems_shown
from dashboard.services import services
from dashboard.whoami import current_person
from jobs import budgets
from storage.models import Person, Role

_GENERATION = "generation"
_SCOPES = {
    _GENERATION: "A generation",
    "team": "A team",
    "campaign": "A campaign",
    "person": "A person",
    "organisation": "The organisation",
}
_SIGNS = {-1: "Take back", 1: "Charge more"}
_CONFIRM = {0: "It is right"}
"""Also offered for a charge by our estimate, which somebody may have found on fal's invoice."""


@st.dialog("Correct a charge", width="medium", on_dismiss=close)
def correction_dialog(view: BudgetView) -> None:
    """An amount up or down, what it is about, why, and what it will do."""
    with problems_shown():
        person = current_person()
        st.caption(
            "For what fal's invoice says otherwise. The charge itself stays; the correction is a "
            "line of today in the history, with your name and reason. A charge by our estimate "
            "(unverified) that is right can be confirmed."
        )
        scope = _choose_scope(person)
        chosen = _choose_generation(person) if scope == _GENERATION else _choose(person, scope)
        sign, usd = _signed_amount(may_confirm=chosen is not None and chosen[1].unverified)
        if chosen is None:
            return
        target_id, subject = chosen
        _show_effect(view, subject, usd)
        with st.form("correct", border=False, enter_to_submit=False):
            note = st.text_input(
                "Why", max_chars=budgets.LONGEST_REASON, key="correct_reason",
                placeholder="Invoice of March: billed twice",
            )  # fmt: skip
            pressed = st.form_submit_button(
                "Save the correction" if sign else "Confirm the charge",
                type="primary",
                disabled=bool(sign) and usd == 0,
            )
        if pressed:
            _save(scope, target_id, usd, note)


def _choose_scope(person: Person) -> str:
    scopes = [s for s in _SCOPES if s != "organisation" or person.role is Role.ADMIN]
    return st.selectbox("Of", scopes, format_func=_SCOPES.__getitem__, key="correct_scope")


Chosen = tuple[UUID | None, Subject] | None
"""The id of what is corrected and what it counts in; None: nothing is chosen yet."""


def _choose_generation(person: Person) -> Chosen:
    search = st.text_input(
        "Find", key="correct_search", icon=":material/search:",
        placeholder="A word of the title, the person, or how its id begins",
    ).strip()  # fmt: skip
    found = budget_reads.adjustable(person.id, search)
    zone = services().settings.zone
    made = st.selectbox(
        "Generation",
        found,
        index=None,
        format_func=lambda made: adjustable_words(made, zone),
        placeholder="Choose one" if found else "No ended generation is found",
        key="correct_generation",
    )
    if made is None:
        return None
    return made.id, Subject(
        made.title, made.person_id, made.team_id, made.campaign_id, made.cost_usd,
        unverified=not made.verified,
    )  # fmt: skip


def _choose(person: Person, scope: str) -> Chosen:
    if scope == "organisation":
        return None, Subject("the organisation")
    target = choose_target(scope, budget_reads.targets(person.id), None)
    if target is None:
        return None
    person_id = target.id if scope == "person" else None
    campaign_id = target.id if scope == "campaign" else None
    return target.id, Subject(target.name, person_id, target.team_id, campaign_id)


def _signed_amount(*, may_confirm: bool) -> tuple[int, Decimal]:
    """Down, up or neither, and the correction in USD; 0 when nothing is entered."""
    signs = _SIGNS | (_CONFIRM if may_confirm else {})
    left, right = st.columns(2, vertical_alignment="bottom")
    sign = left.segmented_control(
        "Direction", list(signs), default=-1, required=True, format_func=signs.__getitem__,
        key="correct_sign", width="stretch",
    )  # fmt: skip
    if sign == 0:
        return 0, Decimal(0)
    size = right.number_input(
        "USD", min_value=0.0, max_value=float(budgets.MOST_USD), value=0.0, step=0.1,
        format="%.4f", key="correct_usd",
    )  # fmt: skip
    sign = sign or -1
    return sign, sign * Decimal(str(size)).quantize(Decimal("0.0001"))


def _show_effect(view: BudgetView, subject: Subject, usd: Decimal) -> None:
    st.html(effect_table(subject, usd, view.budgets))
    if usd > 0 and overdrawn(subject, usd, view.budgets):
        st.caption(
            ":material/block: A budget without free money refuses every new generation until its "
            "window begins anew, or it is given more."
        )


def _save(scope: str, target_id: UUID | None, usd: Decimal, note: str) -> None:
    def act(person: Person) -> UUID:
        if scope == _GENERATION and target_id is not None and not usd:
            return budgets.confirm_charge(services(), person, target_id, note=note)
        if scope == _GENERATION and target_id is not None:
            return budgets.adjust(services(), person, target_id, usd, note=note)
        return budgets.adjust_scope(services(), person, scope, target_id, usd, note=note)

    done(act, "The correction is made." if usd else "The charge is confirmed.")
