"""Create: an image and a prompt become a video, with the price shown first."""

from __future__ import annotations

import streamlit as st

from dashboard import reads
from dashboard.components.create_draft import (
    NOTE,
    STEP,
    chosen_campaign,
    chosen_model,
    clear_form,
    fit_to,
    problems_by_field,
    read_form,
)
from dashboard.components.generation_acts import NEWS
from dashboard.components.image_form import image_form
from dashboard.components.model_form import model_form
from dashboard.components.problem import show_problem
from dashboard.components.stepper import stepper
from dashboard.components.summary_card import quote_for, summary_card
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.submitting import submit
from dashboard.whoami import current_person
from jobs.admission import SUBMITTING_ROLES
from jobs.errors import NotAllowed
from jobs.requests import RequestDraft
from storage.errors import StudioError
from storage.models import Person

_REFUSED = "create_refused"
"""The last draft that could not be submitted, and why; shown until the form changes."""
_SUBMITTED = "submitted_generation"


def show() -> None:
    """The page."""
    person = current_person()
    if person.role not in SUBMITTING_ROLES:
        show_problem(NotAllowed("Your role does not make videos."))
        return
    submitted = st.session_state.pop(_SUBMITTED, None)
    if submitted:
        st.session_state[NEWS] = "Submitted. You can close this page: nothing gets lost."
        st.switch_page("app_pages/queue.py", query_params={"generation": submitted})
    _show_form(person)


def _show_form(person: Person) -> None:
    catalog = services().catalog
    model = chosen_model(catalog)
    fit_to(model)
    draft = read_form(catalog)
    problems = problems_by_field(draft, catalog, services().rules)
    campaigns = reads.open_campaigns(person.id)
    step = st.session_state.setdefault(STEP, 1)
    st.title("Create a video")
    if note := st.session_state.get(NOTE):
        st.info(plain(note), icon=":material/replay:")
    form, card = st.columns([7, 4], gap="large")
    with form:
        stepper(("Image & prompt", "Settings"), step)
        if step == 1:
            image_form(model, problems, campaigns)
        else:
            model_form(catalog, model, problems)
        _show_navigation(step, ready=not {"image", "prompt"} & problems.keys())
    with card:
        summary_card(
            quote_for(person, draft, chosen_campaign(campaigns)[0]),
            problems,
            _refusal_of(draft),
            label="Generate" if step == 2 or note else "Generate with usual settings",
            on_generate=_generate,
        )


def _show_navigation(step: int, *, ready: bool) -> None:
    if step == 2:
        st.button("Previous", icon=":material/arrow_back:", on_click=_go, args=(1,))
        return
    with st.container(horizontal_alignment="right"):
        st.button(
            "Next: settings",
            icon=":material/arrow_forward:",
            icon_position="right",
            disabled=not ready,
            on_click=_go,
            args=(2,),
        )


def _go(step: int) -> None:
    st.session_state[STEP] = step


def _generate() -> None:
    """Submit the form; a second press of an impatient finger finds it empty and does nothing."""
    catalog = services().catalog
    draft = read_form(catalog)
    if problems_by_field(draft, catalog, services().rules):
        return
    try:
        known = reads.open_campaigns(current_person().id)
        campaign_id, new_campaign = chosen_campaign(known)
        generation_id = submit(draft.model_copy(update={"campaign_id": campaign_id}), new_campaign)
    except StudioError as exc:
        st.session_state[_REFUSED] = (draft, exc)
        return
    clear_form()
    st.session_state[_SUBMITTED] = str(generation_id)


def _refusal_of(draft: RequestDraft) -> StudioError | None:
    refused_draft, refusal = st.session_state.get(_REFUSED, (None, None))
    return refusal if refused_draft == draft else None


show()
