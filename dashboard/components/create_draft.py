"""What somebody has filled in on the Create page, kept in the session until it is submitted.

The widgets' own keys hold it, so it survives reruns and changes of page. Streamlit only guards
values in the browser; the use case checks all of it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard.components.pictures import preview
from dashboard.services import services
from jobs.content_rules import ContentRules
from jobs.errors import CatalogError, InvalidRequest
from jobs.fal.catalog import Catalog, Model
from jobs.images import CheckedImage, check_image
from jobs.motion import DEFAULT_MOTION_INTENSITY, fixes_camera
from jobs.pricing import Estimate, estimate_usd
from jobs.requests import RequestDraft, check_request, read_draft
from storage.models import Campaign
from storage.settings import Settings

PROMPT = "create_prompt"
TITLE = "create_title"
CAMPAIGN = "create_campaign"
MODEL = "create_model"
RESOLUTION = "create_resolution"
DURATION = "create_duration"
OTHER_DURATION = "create_other_duration"
RATIO = "create_ratio"
MOTION = "create_motion"
RANDOM_SEED = "create_random_seed"
SEED = "create_seed"
STILL = "create_still"
SOUND = "create_sound"
SAFETY = "create_safety"
STEP = "create_step"
IMAGE = "create_image"
END_IMAGE = "create_end_image"
UPLOADS = "create_uploads"
NOTE = "create_note"
"""Where what is filled in comes from, in words; None when somebody began with an empty form."""

OTHER = 0
"""The choice of a duration that has no button of its own."""
PROMINENT_S = (5, 10)
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ChosenImage:
    """A picture as somebody chose it: checked, or with what is wrong with it."""

    name: str
    image: CheckedImage | None
    preview: bytes = b""
    """A small JPEG of it; empty when it has a problem."""
    problem: str = ""


def choose_image(slot: str, data: bytes, name: str, settings: Settings) -> None:
    """Check a picture at once and keep it in `slot` (`IMAGE` or `END_IMAGE`) with its problem."""
    field = "image" if slot == IMAGE else "end_image"
    try:
        image = check_image(data, settings.max_image_mb * MEGABYTE, name, field=field)
    except InvalidRequest as exc:
        st.session_state[slot] = ChosenImage(name, None, problem=exc.happened)
        return
    st.session_state[slot] = ChosenImage(name, image, preview(image.data))
    if slot == IMAGE:
        st.session_state[RATIO] = suggested_ratio(chosen_model(services().catalog))


def drop_image(slot: str) -> None:
    """Take a picture out again, and empty the field that it was uploaded with."""
    st.session_state.pop(slot, None)
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1


def chosen_image(slot: str) -> ChosenImage | None:
    """The picture in a slot; None when there is none."""
    chosen: ChosenImage | None = st.session_state.get(slot)
    return chosen


def chosen_model(catalog: Catalog) -> Model:
    """The model of the form; the catalogue's default when none, or an unknown one, is chosen."""
    try:
        return catalog.by_key(st.session_state.get(MODEL) or catalog.default_model)
    except CatalogError:
        return catalog.default


def suggested_ratio(model: Model) -> str:
    """The ratio that crops the start image least; the model's default without an image."""
    chosen = chosen_image(IMAGE)
    if chosen is None or chosen.image is None or not model.takes_aspect_ratio:
        return model.default_aspect_ratio
    image = chosen.image
    nearest = model.nearest_ratio(model.default_resolution, image.width, image.height)
    return nearest if nearest in model.aspect_ratios else model.default_aspect_ratio


def fit_to(model: Model) -> None:
    """Give every choice a value that `model` has; call it before the widgets are drawn."""
    state = st.session_state
    state.setdefault(MODEL, model.key)
    _fit(RESOLUTION, model.resolutions, model.default_resolution)
    _fit(RATIO, model.aspect_ratios, suggested_ratio(model))
    shown = (*prominent_durations(model), OTHER)
    default = model.default_duration_s if model.default_duration_s in shown else OTHER
    _fit(DURATION, shown, default)
    _fit(OTHER_DURATION, other_durations(model), other_durations(model)[0])
    defaults = {MOTION: DEFAULT_MOTION_INTENSITY, RANDOM_SEED: True, STILL: False}
    for key, value in (defaults | {SOUND: True, SAFETY: True, SEED: model.seed_min}).items():
        state.setdefault(key, value)


def prominent_durations(model: Model) -> tuple[int, ...]:
    """The durations that have a button of their own."""
    return tuple(s for s in PROMINENT_S if s in model.durations_s)


def other_durations(model: Model) -> tuple[int, ...]:
    """The durations behind "Other"; those with buttons when there are no others."""
    others = tuple(s for s in model.durations_s if s not in PROMINENT_S)
    return others or model.durations_s


def estimate_like(model: Model) -> Estimate:
    """What the video of the form would cost with `model`, by its own defaults where it differs."""
    state = st.session_state
    resolution, ratio, duration_s = state.get(RESOLUTION), state.get(RATIO), _duration_s()
    return estimate_usd(
        model,
        resolution if resolution in model.resolutions else model.default_resolution,
        ratio if ratio in model.aspect_ratios else model.default_aspect_ratio,
        duration_s if duration_s in model.durations_s else model.default_duration_s,
        bool(state.get(SOUND, True)),
    )


def read_form(catalog: Catalog) -> RequestDraft:
    """The draft in the form.

    Raises:
        InvalidRequest: a field is not of its type, as only a changed client can send it.
    """
    model = chosen_model(catalog)
    state = st.session_state
    values = {
        "prompt": state.get(PROMPT) or "",
        "title": (state.get(TITLE) or "").strip() or None,
        "model": model.key,
        "image": _image_in(IMAGE),
        "end_image": _image_in(END_IMAGE) if model.takes_end_image else None,
        "resolution": state.get(RESOLUTION),
        "duration_s": _duration_s(),
        "aspect_ratio": state.get(RATIO),
        "motion_intensity": state.get(MOTION, DEFAULT_MOTION_INTENSITY),
        "seed": None if state.get(RANDOM_SEED, True) else state.get(SEED),
        # Not switched on means "as the motion asks", not "never".
        "camera_fixed": (model.takes_camera_fixed and state.get(STILL)) or None,
        "generate_audio": bool(state.get(SOUND, True)) if model.takes_audio else None,
        "enable_safety_checker": bool(state.get(SAFETY, True)),
    }
    if not model.takes_seed:
        values["seed"] = None
    if not model.takes_safety_checker:
        values["enable_safety_checker"] = None
    return read_draft(values)


def problems_by_field(
    draft: RequestDraft, catalog: Catalog, rules: ContentRules
) -> dict[str, list[str]]:
    """What is wrong with the form, by field of the draft; empty when it can be submitted."""
    found: dict[str, list[str]] = {}
    try:
        check_request(draft, catalog, rules)
    except InvalidRequest as exc:
        for problem in exc.problems:
            found.setdefault(problem.field, []).append(problem.message)
    return found


def chosen_campaign(campaigns: Iterable[Campaign]) -> tuple[UUID | None, str | None]:
    """Id of the campaign chosen, or the name of one that is to be made; both None for none."""
    name = " ".join((st.session_state.get(CAMPAIGN) or "").split())
    if not name:
        return None, None
    for campaign in campaigns:
        if campaign.name.lower() == name.lower():
            return campaign.id, None
    return None, name


def fill_form(draft: RequestDraft, campaign: str | None) -> None:
    """Fill the form with a request that was made before, in the campaign of this name."""
    clear_form()
    state = st.session_state
    state[MODEL] = draft.model
    model = chosen_model(services().catalog)
    state.update({PROMPT: draft.prompt, TITLE: draft.title, CAMPAIGN: campaign})
    for slot, image in ((IMAGE, draft.image), (END_IMAGE, draft.end_image)):
        if image is not None:
            name = "Start image" if slot == IMAGE else "End image"
            state[slot] = ChosenImage(name, image, preview(image.data))
    state[RESOLUTION], state[RATIO] = draft.resolution, draft.aspect_ratio
    has_button = draft.duration_s in prominent_durations(model)
    state[DURATION] = draft.duration_s if has_button else OTHER
    state[OTHER_DURATION] = draft.duration_s
    state[MOTION] = draft.motion_intensity
    state[RANDOM_SEED] = draft.seed is None
    if draft.seed is not None:
        state[SEED] = draft.seed
    # Where the motion itself holds the camera still, the switch is not what did it.
    state[STILL] = bool(draft.camera_fixed) and not fixes_camera(draft.motion_intensity)
    state[SOUND] = draft.generate_audio is not False
    state[SAFETY] = draft.enable_safety_checker is not False


def clear_form() -> None:
    """Empty the form after it was submitted; the campaign stays for the next one."""
    for key in list(st.session_state):
        name = str(key)
        if name.startswith("create_") and name not in {CAMPAIGN, UPLOADS}:
            del st.session_state[name]
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1


def _fit(key: str, choices: tuple[Any, ...], default: object) -> None:
    if st.session_state.get(key) not in choices:
        st.session_state[key] = default


def _image_in(slot: str) -> CheckedImage | None:
    chosen = chosen_image(slot)
    return chosen.image if chosen else None


def _duration_s() -> int | None:
    chosen = st.session_state.get(DURATION)
    return st.session_state.get(OTHER_DURATION) if chosen == OTHER else chosen
