"""The second step of the Create page: the model and the settings that it takes."""

from __future__ import annotations

import streamlit as st

from dashboard.components.create_draft import (
    DURATION,
    END_IMAGE,
    IMAGE,
    MODEL,
    MOTION,
    OTHER,
    OTHER_DURATION,
    PROMPT,
    RANDOM_SEED,
    RATIO,
    RESOLUTION,
    SAFETY,
    SEED,
    SOUND,
    STILL,
    chosen_image,
    estimate_like,
    other_durations,
    prominent_durations,
    suggested_ratio,
)
from dashboard.components.image_form import image_preview, image_upload
from dashboard.components.price_tag import price_words
from dashboard.components.problem import show_field_problems
from dashboard.error_frame import plain
from jobs.fal.catalog import AUTO, Catalog, Model, ModelStatus
from jobs.motion import fixes_camera, motion_band, sent_prompt

_SHAPES = {"16:9": "wide", "9:16": "upright", "1:1": "square", "21:9": "cinema"}
_BADGES = {
    ModelStatus.ACTIVE: "",
    ModelStatus.RETIRING: " :orange-badge[retiring]",
    ModelStatus.RETIRED: " :gray-badge[retired]",
}


def model_form(catalog: Catalog, model: Model, problems: dict[str, list[str]]) -> None:
    """The fields of step 2: only those that the model has."""
    left, right = st.columns([5, 4], gap="large")
    with left:
        _model_picker(catalog)
    with right:
        _length_and_size(model)
        _ratio(model)
        _motion()
        if model.takes_audio:
            st.toggle("Sound", key=SOUND, persist_state="session")
        for field in ("resolution", "duration_s", "aspect_ratio", "motion_intensity", "model"):
            show_field_problems(problems.get(field, []))
    if model.takes_end_image:
        _end_image()
    _advanced(model, problems)
    _prompts(model)


def _model_picker(catalog: Catalog) -> None:
    models = sorted(catalog.models, key=lambda m: m.status is ModelStatus.RETIRED)
    labels = {model.key: f"{plain(model.label)}{_BADGES[model.status]}" for model in models}
    st.radio(
        "Model",
        list(labels),
        format_func=labels.__getitem__,
        captions=[_model_words(model) for model in models],
        key=MODEL,
        persist_state="session",
    )


def _model_words(model: Model) -> str:
    """Price, for the settings of the form as far as the model has them, and what it is for.

    What else there is to know is told once it is chosen, or before when the model has no future.
    """
    told = model.status is not ModelStatus.ACTIVE or st.session_state[MODEL] == model.key
    note = model.note if told else ""
    price = price_words(estimate_like(model))
    return f"**{plain(price)}** · {plain(f'{model.summary} {note}'.strip())}"


def _length_and_size(model: Model) -> None:
    prominent = prominent_durations(model)
    others = other_durations(model)
    st.segmented_control(
        "Length",
        [*prominent, OTHER] if set(others) - set(prominent) else list(prominent),
        format_func=lambda s: "Other" if s == OTHER else f"{s} s",
        key=DURATION,
        required=True,
        persist_state="session",
    )
    if st.session_state[DURATION] == OTHER:
        st.select_slider(
            "Seconds",
            others,
            format_func=lambda s: f"{s} s",
            key=OTHER_DURATION,
            persist_state="session",
        )
    st.segmented_control(
        "Resolution",
        model.resolutions,
        key=RESOLUTION,
        required=True,
        persist_state="session",
        help="480p is cheapest and good for trying out; take 720p or more for finals.",
    )


def _ratio(model: Model) -> None:
    if not model.takes_aspect_ratio:
        st.caption(f"{plain(model.label)} always takes the shape of the start image.")
        return
    st.pills(
        "Aspect ratio",
        model.aspect_ratios,
        format_func=_ratio_words,
        key=RATIO,
        required=True,
        wrap=True,
        persist_state="session",
    )
    chosen = chosen_image(IMAGE)
    ratio = st.session_state[RATIO]
    if chosen and chosen.image and ratio not in (AUTO, suggested_ratio(model)):
        st.caption(
            f":material/crop: The image is {chosen.image.width} × {chosen.image.height}: "
            f"fal will crop it around its centre to {plain(ratio)}."
        )


def _ratio_words(ratio: str) -> str:
    if ratio == AUTO:
        return "Like the image"
    shape = _SHAPES.get(ratio)
    # A colon directly before a word could be read as a Markdown icon.
    return f"{ratio} {shape}" if shape else ratio


def _motion() -> None:
    st.slider(
        "Motion, from Subtle to Dynamic",
        0.0,
        1.0,
        step=0.05,
        key=MOTION,
        format="percent",
        persist_state="session",
    )
    intensity = st.session_state[MOTION]
    band = motion_band(intensity)
    added = f"adds “{band.words}”" if band.words else "adds nothing to the prompt"
    still = ", and the camera stays still" if fixes_camera(intensity) else ""
    st.caption(f"**{band.name}** {added}{still}")


def _end_image() -> None:
    with st.expander("End image", icon=":material/last_page:"):
        st.caption("Optional. The video ends with this picture.")
        left, right = st.columns([3, 1])
        with left:
            image_upload(END_IMAGE, "End image")
        with right:
            image_preview(END_IMAGE)


def _advanced(model: Model, problems: dict[str, list[str]]) -> None:
    if not (model.takes_seed or model.takes_camera_fixed or model.takes_safety_checker):
        return
    with st.expander("Advanced", icon=":material/tune:"):
        if model.takes_camera_fixed:
            st.toggle(
                "Fixed camera",
                key=STILL,
                persist_state="session",
                help="The camera does not move; only what it sees does.",
            )
        if model.takes_safety_checker:
            st.toggle(
                "Safety checker",
                key=SAFETY,
                persist_state="session",
                help="fal checks the inputs and the video for what brands don't want to show.",
            )
        if model.takes_seed:
            _seed(model)
        for field in ("seed", "camera_fixed", "enable_safety_checker"):
            show_field_problems(problems.get(field, []))


def _seed(model: Model) -> None:
    st.toggle(
        "Random seed",
        key=RANDOM_SEED,
        persist_state="session",
        help="The same seed with the same settings gives nearly the same video.",
    )
    if not st.session_state[RANDOM_SEED]:
        st.number_input(
            "Seed",
            model.seed_min,
            model.seed_max,
            step=1,
            key=SEED,
            persist_state="session",
        )


def _prompts(model: Model) -> None:
    prompt = (st.session_state.get(PROMPT) or "").strip()
    if not prompt:
        return
    sent = sent_prompt(prompt, st.session_state[MOTION], model.sent_prompt_max)
    with st.container(border=True):
        st.caption("Your prompt")
        st.text(prompt)
        if sent == prompt:
            st.caption("fal gets exactly this.")
        else:
            st.caption("What fal gets")
            st.text(sent)
