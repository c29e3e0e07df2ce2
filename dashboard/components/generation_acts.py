"""What a person can do with one generation, as buttons on its page."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.components.create_draft import (
    CAMPAIGN,
    IMAGE,
    MODEL,
    PROMPT,
    choose_image,
    clear_form,
)
from dashboard.components.status_badge import stop_words
from dashboard.services import services
from dashboard.submitting import stop_generation, submit_again
from dashboard.whoami import current_person
from jobs.admission import REFUSED_BY_MODERATION, SUBMITTING_ROLES
from jobs.lifecycle import can_stop
from storage.errors import StudioError
from storage.models import Generation, GenerationStatus, Person

PROBLEM = "queue_problem"
"""Why the last press did not go through; shown until the next one."""

NEWS = "queue_news"
"""What the Queue page tells once, after a change of page that a toast would not survive."""

_FAILED = frozenset({GenerationStatus.FAILED, GenerationStatus.CANCELED})


def generation_acts(generation: Generation, person: Person) -> None:
    """The buttons that fit the generation's status and the person's role."""
    with st.container(horizontal=True):
        completed = generation.status is GenerationStatus.COMPLETED
        if completed and st.button("Open video", type="primary", icon=":material/play_arrow:"):
            open_video(generation.id)
        if can_stop(generation.status) and st.button(
            "Cancel", icon=":material/stop_circle:", help=stop_words(generation.status)
        ):
            stop_now(generation.id)
            st.rerun()
        if generation.status in _FAILED and person.role in SUBMITTING_ROLES:
            _second_chances(generation)


def stop_now(generation_id: UUID) -> None:
    """Stop it, or keep the reason why not for the page to show."""
    st.session_state.pop(PROBLEM, None)
    try:
        stop_generation(generation_id)
    except StudioError as exc:
        st.session_state[PROBLEM] = exc
    _forget_reads()


def try_again(generation_id: UUID) -> None:
    """Queue it anew and show the new one, or keep the reason why not."""
    st.session_state.pop(PROBLEM, None)
    try:
        new_id = submit_again(generation_id)
    except StudioError as exc:
        st.session_state[PROBLEM] = exc
        return
    _forget_reads()
    st.query_params["generation"] = str(new_id)
    st.session_state[NEWS] = "Submitted again."


def open_video(generation_id: UUID) -> None:
    """Go to the gallery, with this video open."""
    st.switch_page("app_pages/gallery.py", query_params={"video": str(generation_id)})


def _second_chances(generation: Generation) -> None:
    if generation.cause not in REFUSED_BY_MODERATION and st.button(
        "Try again", type="primary", icon=":material/replay:"
    ):
        try_again(generation.id)
        st.rerun()
    if st.button("Change and try again", icon=":material/edit:"):
        _fill_form_from(generation)
        st.switch_page("app_pages/create.py")


def _fill_form_from(generation: Generation) -> None:
    """Put prompt, image, model and campaign of a generation into the Create page's form."""
    current_person()
    clear_form()
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        path = Path(folder) / "image"
        services().store.fetch(generation.start_image.key, path)
        data = path.read_bytes()
    st.session_state[MODEL] = generation.model
    st.session_state[CAMPAIGN] = generation.campaign_name
    choose_image(IMAGE, data, "Start image", services().settings)
    st.session_state[PROMPT] = generation.prompt


def _forget_reads() -> None:
    """So that the next look shows what was just done."""
    reads.queue.clear()
    reads.generation.clear()
