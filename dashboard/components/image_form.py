"""The first step of the Create page: a start image and a prompt."""

from __future__ import annotations

import streamlit as st

from dashboard.components.create_draft import (
    CAMPAIGN,
    IMAGE,
    MEGABYTE,
    PROMPT,
    TITLE,
    UPLOADS,
    choose_image,
    chosen_image,
    drop_image,
)
from dashboard.components.pictures import shown_width
from dashboard.components.problem import show_field_problems
from dashboard.components.prompt_counter import prompt_counter
from dashboard.components.sample_picker import sample_picker
from dashboard.error_frame import plain
from dashboard.services import services
from jobs.fal.catalog import Model
from jobs.images import MAX_SIDE_PX, MIN_SIDE_PX
from jobs.requests import MAX_TITLE_LENGTH
from storage.models import Campaign

MAX_CAMPAIGN_LENGTH = 80


def image_form(model: Model, problems: dict[str, list[str]], campaigns: list[Campaign]) -> None:
    """The fields of step 1, each with its problem below it."""
    if chosen_image(IMAGE) is None:
        st.markdown("**New here?** Press one of these and then Generate.")
        sample_picker()
    image_upload(IMAGE, "Start image")
    _prompt(model, problems)
    with st.container(horizontal=True):
        st.text_input(
            "Title",
            key=TITLE,
            placeholder="The beginning of the prompt",
            help="Optional. What the video is called in the gallery.",
            max_chars=MAX_TITLE_LENGTH,
            persist_state="session",
        )
        st.selectbox(
            "Campaign",
            [campaign.name for campaign in campaigns],
            index=None,
            key=CAMPAIGN,
            placeholder="None, or type a new name",
            help="Optional. Its budget and its figures count this video.",
            accept_new_options=True,
            persist_state="session",
        )
    if len(st.session_state.get(CAMPAIGN) or "") > MAX_CAMPAIGN_LENGTH:
        show_field_problems([f"A campaign's name has at most {MAX_CAMPAIGN_LENGTH} characters."])


def image_upload(slot: str, label: str) -> None:
    """A field for a picture, which is checked as soon as it is there."""
    limit_mb = services().settings.max_image_mb
    key = f"upload_{slot}_{st.session_state.get(UPLOADS, 0)}"
    st.file_uploader(
        f"{label}: JPEG, PNG or WebP, {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels a side",
        type=["jpg", "jpeg", "png", "webp"],
        key=key,
        max_upload_size=limit_mb,
        on_change=_take_upload,
        args=(slot, key),
    )
    chosen = chosen_image(slot)
    if chosen is not None and chosen.problem:
        show_field_problems([chosen.problem])


def image_preview(slot: str) -> None:
    """The chosen picture with its size, and a button to take it out again."""
    chosen = chosen_image(slot)
    if chosen is None or chosen.image is None:
        return
    image = chosen.image
    with st.container(horizontal_alignment="center"):
        st.image(chosen.preview, width=shown_width(image.width, image.height), alt=chosen.name)
    size = f"{image.width} × {image.height} pixels, {_size_words(image.size_bytes)}"
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.caption(f"{plain(chosen.name)} · {size}", width="stretch")
        st.button(
            "Remove",
            key=f"remove_{slot}",
            type="tertiary",
            icon=":material/close:",
            on_click=drop_image,
            args=(slot,),
        )


def _prompt(model: Model, problems: dict[str, list[str]]) -> None:
    st.text_area(
        "Prompt",
        key=PROMPT,
        height=140,
        placeholder="What moves, how the camera moves, what the light does. "
        "For example: The bottle turns slowly while golden dust drifts past.",
        persist_state="session",
    )
    prompt_counter(
        PROMPT, len((st.session_state[PROMPT] or "").strip()), model.prompt_min, model.prompt_max
    )
    if st.session_state[PROMPT]:
        show_field_problems(problems.get("prompt", []))


def _take_upload(slot: str, key: str) -> None:
    upload = st.session_state.get(key)
    if upload is None:
        st.session_state.pop(slot, None)
        return
    choose_image(slot, upload.getvalue(), upload.name, services().settings)


def _size_words(size_bytes: int) -> str:
    return (
        f"{size_bytes / MEGABYTE:.1f} MB" if size_bytes >= MEGABYTE else f"{size_bytes // 1000} kB"
    )
