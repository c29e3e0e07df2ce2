"""Create, filled from a video that is there: a remix of it, or its final version."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.components.create_draft import NOTE, fill_form
from dashboard.roles import CREATE
from dashboard.services import services
from jobs import library
from jobs.remixing import final_resolution, remix
from storage.models import Person, Video


def open_remix(person: Person, video: Video, *, with_seed: bool) -> None:
    """Go to Create with everything filled in; ends the run.

    Raises:
        StudioError: the model or an image of it is gone, or this person's role makes no videos.
    """
    seed = "the same seed" if with_seed and video.seed is not None else "a new seed"
    _open(person, video, f"Remix of “{video.title}” with {seed}. Change what you like.", with_seed)


def open_final(person: Person, video: Video) -> None:
    """Go to Create with the draft's inputs and seed, in a final resolution; ends the run.

    Raises:
        StudioError: as `open_remix`.
    """
    resolution = final_resolution(services().catalog, video)
    kept = "the same seed" if video.seed is not None else "a new seed: fal did not tell the draft's"
    words = f"Final of “{video.title}” in {resolution}: the same inputs and {kept}."
    _open(person, video, words, True, resolution)


def _open(
    person: Person, video: Video, note: str, with_seed: bool, resolution: str | None = None
) -> None:
    draft = remix(services(), person, video, with_seed=with_seed, resolution=resolution)
    library.note_remix(services(), person, video.id)
    fill_form(draft, _campaign_name(person, draft.campaign_id))
    st.session_state[NOTE] = note
    st.switch_page(CREATE.file)


def _campaign_name(person: Person, campaign_id: UUID | None) -> str | None:
    """None also when it is archived by now."""
    found = reads.open_campaigns(person.id)
    return next((one.name for one in found if one.id == campaign_id), None)
