"""What a person asks for: read from outside, checked as a whole, turned into fal's arguments.

A page, the HTTP API and the command line fill a `RequestDraft`. `check_request` makes it a
`GenerationRequest`, in which every choice is made and possible, or lists everything that is wrong.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, InstanceOf, ValidationError

from jobs.content_rules import ContentRules
from jobs.errors import CatalogError, InvalidRequest, Problem
from jobs.fal.catalog import Catalog, Model
from jobs.images import CheckedImage
from jobs.motion import DEFAULT_MOTION_INTENSITY, fixes_camera, sent_prompt

TITLE_LENGTH = 50
MAX_TITLE_LENGTH = 120
MAX_TAGS = 8
MAX_TAG_LENGTH = 30
RANDOM_SEED = -1
"""What people write for "any seed" (fal, OpenAPI of the Seedance 1.x models)."""

_PAUSES = " ,;:-–—"
_POSSESSIVE = re.compile(r"(['’]s)?['’-]*$")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")

# Words that say nothing about what a video shows.
_STOP_LINES = """
    a an as at by he if in is it my no of on or so to up we
    about above across after again against all along also and any are around away back been before
    behind being below beneath beside between both but can come comes does down during each every
    few for from get gets has have her here him his how into its itself just let like make makes
    more most much near not off once one only onto other our out over own same she should some such
    than that the their them then there these they this those through toward towards two under until
    upon very was were what when where which while who will with within without would you your
"""
_STOP_WORDS = frozenset(_STOP_LINES.split())


class RequestDraft(BaseModel):
    """What somebody filled in, before any of it is checked; None leaves the choice to the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = ""
    image: InstanceOf[CheckedImage] | None = None
    model: str | None = None
    """Key of the model; None: the catalogue's default."""
    end_image: InstanceOf[CheckedImage] | None = None
    duration_s: int | None = None
    resolution: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    """None or -1: any."""
    motion_intensity: float = DEFAULT_MOTION_INTENSITY
    camera_fixed: bool | None = None
    """None: as the motion intensity asks."""
    generate_audio: bool | None = None
    enable_safety_checker: bool | None = None
    campaign_id: UUID | None = None
    title: str | None = None
    """None: the beginning of the prompt."""


class GenerationRequest(BaseModel):
    """A request that can be made: every choice is made, and the model takes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    prompt: str
    """As the person wrote it, without invisible characters."""
    sent_prompt: str
    """As fal gets it, with the words for the motion."""
    image: InstanceOf[CheckedImage]
    end_image: InstanceOf[CheckedImage] | None
    duration_s: int
    resolution: str
    aspect_ratio: str
    seed: int | None
    """None: any."""
    motion_intensity: float
    camera_fixed: bool
    generate_audio: bool
    enable_safety_checker: bool
    campaign_id: UUID | None
    title: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The choices as they are kept on the generation, ready for JSON."""
        return {
            "resolution": self.resolution,
            "duration_s": self.duration_s,
            "aspect_ratio": self.aspect_ratio,
            "motion_intensity": self.motion_intensity,
            "camera_fixed": self.camera_fixed,
            "generate_audio": self.generate_audio,
            "enable_safety_checker": self.enable_safety_checker,
        }


class Submittable(Protocol):
    """What a submit is made from: a `GenerationRequest`, or a `Generation` of the record."""

    @property
    def model(self) -> str: ...
    @property
    def sent_prompt(self) -> str: ...
    @property
    def parameters(self) -> dict[str, Any]: ...
    @property
    def seed(self) -> int | None: ...


_FIELDS = {
    "prompt": ("prompt", "text"),
    "image": ("start image", "a picture"),
    "model": ("model", "the name of a model"),
    "end_image": ("end image", "a picture"),
    "duration_s": ("duration", "a whole number of seconds"),
    "resolution": ("resolution", "text such as 720p"),
    "aspect_ratio": ("aspect ratio", "text such as 16:9"),
    "seed": ("seed", "a whole number"),
    "motion_intensity": ("motion intensity", "a number from 0 to 1"),
    "camera_fixed": ("fixed camera", "yes or no"),
    "generate_audio": ("sound", "yes or no"),
    "enable_safety_checker": ("safety checker", "yes or no"),
    "campaign_id": ("campaign", "the id of a campaign"),
    "title": ("title", "text"),
}
"""Each field of a draft as a person calls it, and what it has to be."""


def read_draft(values: Mapping[str, object]) -> RequestDraft:
    """The draft in the fields of a form, a JSON object or a command line.

    Numbers may be written as text. A field that is left out keeps its default.

    Raises:
        InvalidRequest: a field is unknown or is not of its type; every such field is named.
    """
    try:
        return RequestDraft.model_validate(dict(values))
    except ValidationError as exc:
        raise InvalidRequest(
            [_unreadable(str(e["loc"][0])) for e in exc.errors(include_input=False)]
        ) from exc


def check_request(draft: RequestDraft, catalog: Catalog, rules: ContentRules) -> GenerationRequest:
    """The request that `draft` asks for, with the model's defaults where it says nothing.

    Raises:
        InvalidRequest: with everything that is wrong with it.
    """
    prompt = _clean(draft.prompt)
    problems = [*_image_problems(draft), *_motion_problems(draft), *_title_problems(draft)]
    try:
        model = catalog.by_key(draft.model) if draft.model else catalog.default
    except CatalogError as exc:
        unknown = Problem("model", f"{exc.happened} {exc.todo}")
        raise InvalidRequest([unknown, *problems]) from exc
    problems = [
        *_prompt_problems(prompt, model, rules),
        *problems,
        *_choice_problems(draft, model),
        *_extra_problems(draft, model, catalog),
    ]
    if problems or draft.image is None:
        raise InvalidRequest(problems)
    return _decided(draft, draft.image, prompt, model)


def fal_arguments(
    request: Submittable,
    model: Model,
    image_url: str,
    end_image_url: str | None = None,
    seed: int | None = None,
    *,
    end_user_id: str | None = None,
) -> dict[str, Any]:
    """The body of the submit: the fields that `model` has, as its input schema names them.

    The duration goes as a string (fal, OpenAPI of the Seedance models). `seed` is the one to send,
    None to let fal choose; it and `end_user_id` are left out where the model takes none.
    """
    chosen = request.parameters
    optional = {
        "end_image_url": (end_image_url is not None and model.takes_end_image, end_image_url),
        "aspect_ratio": (model.takes_aspect_ratio, chosen["aspect_ratio"]),
        "seed": (seed is not None and model.takes_seed, seed),
        "camera_fixed": (model.takes_camera_fixed, chosen["camera_fixed"]),
        "generate_audio": (model.takes_audio, chosen["generate_audio"]),
        "enable_safety_checker": (model.takes_safety_checker, chosen["enable_safety_checker"]),
        "end_user_id": (end_user_id is not None and model.takes_end_user_id, end_user_id),
    }
    return {
        "prompt": request.sent_prompt,
        "image_url": image_url,
        "resolution": chosen["resolution"],
        "duration": str(chosen["duration_s"]),
        **{name: value for name, (has, value) in optional.items() if has},
    }


def title_of(prompt: str) -> str:
    """The first 50 characters of the prompt, up to the end of a word that can end a title, where
    there is one."""
    text = " ".join(prompt.split())
    if len(text) <= TITLE_LENGTH:
        return text
    words = text[: TITLE_LENGTH + 1].rpartition(" ")[0].split(" ")
    while len(words) > 1 and _leads_on(words[-1]):
        words.pop()
    return (" ".join(words) or text[:TITLE_LENGTH]).rstrip(_PAUSES)


def _leads_on(word: str) -> bool:
    """Whether something has to come after it, as after "on the"."""
    bare = word.strip(_PAUSES).lower()
    return not bare or bare in _STOP_WORDS


def tags_of(prompt: str) -> list[str]:
    """Up to 8 tags: the prompt's first different words, in lower case.

    Words of fewer than three letters and words that name nothing ("with", "through") are left out.
    """
    words = (_POSSESSIVE.sub("", word) for word in _WORD.findall(prompt.lower()))
    telling = (w for w in words if 3 <= len(w) <= MAX_TAG_LENGTH and w not in _STOP_WORDS)
    return list(dict.fromkeys(telling))[:MAX_TAGS]


def fingerprint(
    request: Submittable, image_sha256: str, end_image_sha256: str | None = None
) -> str:
    """A SHA-256 (hex) that two requests share when they ask fal for the same video.

    Spacing in the prompt makes no difference, nor do the title and the campaign. Motion intensity
    counts by what it changes: the prompt that is sent and the camera.
    """
    inputs = {
        "model": request.model,
        "prompt": " ".join(request.sent_prompt.split()),
        "parameters": {k: v for k, v in request.parameters.items() if k != "motion_intensity"},
        "seed": request.seed,
        "image": image_sha256,
        "end_image": end_image_sha256,
    }
    return sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _unreadable(field: str) -> Problem:
    if field not in _FIELDS:
        return Problem(field, f"There is no setting {field[:40]!r}.")
    name, wanted = _FIELDS[field]
    return Problem(field, f"The {name} has to be {wanted}.")


def _image_problems(draft: RequestDraft) -> Iterator[Problem]:
    if draft.image is None:
        yield Problem("image", "Choose a start image.")


def _motion_problems(draft: RequestDraft) -> Iterator[Problem]:
    if not 0 <= draft.motion_intensity <= 1:
        yield Problem("motion_intensity", "The motion intensity has to be a number from 0 to 1.")


def _title_problems(draft: RequestDraft) -> Iterator[Problem]:
    if draft.title is not None and len(draft.title) > MAX_TITLE_LENGTH:
        yield Problem("title", f"The title can have at most {MAX_TITLE_LENGTH} characters.")


def _prompt_problems(prompt: str, model: Model, rules: ContentRules) -> Iterator[Problem]:
    length = len(prompt)
    if length < model.prompt_min:
        yield Problem(
            "prompt",
            f"Describe the video in at least {model.prompt_min} characters; you have {length}.",
        )
    if length > model.prompt_max:
        yield Problem(
            "prompt",
            f"The prompt has {length} characters; {model.label} takes at most {model.prompt_max}.",
        )
    yield from rules.check(prompt[: model.prompt_max])


def _choice_problems(draft: RequestDraft, model: Model) -> Iterator[Problem]:
    """What was chosen from a list that differs between models."""
    if draft.resolution is not None and draft.resolution not in model.resolutions:
        yield Problem(
            "resolution",
            f"{model.label} can't make {draft.resolution[:20]}; "
            f"choose {_any_of(model.resolutions)}.",
        )
    if draft.duration_s is not None and draft.duration_s not in model.durations_s:
        yield Problem(
            "duration_s",
            f"{model.label} can't make {draft.duration_s} seconds; "
            f"choose {_seconds(model.durations_s)}.",
        )
    if draft.aspect_ratio is not None and draft.aspect_ratio not in model.aspect_ratios:
        shape = "it always takes the shape of the start image; " * (not model.takes_aspect_ratio)
        yield Problem(
            "aspect_ratio",
            f"{model.label} can't make {draft.aspect_ratio[:20]}; "
            f"{shape}choose {_any_of(model.aspect_ratios)}.",
        )


def _extra_problems(draft: RequestDraft, model: Model, catalog: Catalog) -> Iterator[Problem]:
    """What was asked for that some models don't have."""
    if draft.end_image is not None and not model.takes_end_image:
        others = [m.label for m in catalog.models if m.takes_end_image]
        instead = f" or choose {others[0]}" if others else ""
        yield Problem("end_image", f"{model.label} takes no end image; remove it{instead}.")
    if draft.camera_fixed and not model.takes_camera_fixed:
        yield Problem(
            "camera_fixed",
            f"{model.label} has no switch for a fixed camera; "
            "turn it off and set the motion to Subtle.",
        )
    if draft.generate_audio and not model.takes_audio:
        yield Problem("generate_audio", f"{model.label} makes no sound; turn sound off.")
    if draft.enable_safety_checker is False and not model.takes_safety_checker:
        yield Problem(
            "enable_safety_checker", f"{model.label} always checks for safety; leave it on."
        )
    yield from _seed_problems(draft.seed, model)


def _seed_problems(seed: int | None, model: Model) -> Iterator[Problem]:
    if seed in (None, RANDOM_SEED):
        return
    if not model.takes_seed:
        yield Problem("seed", f"{model.label} takes no seed; leave it empty.")
    elif not model.seed_min <= seed <= model.seed_max:
        yield Problem("seed", f"The seed has to be from {model.seed_min} to {model.seed_max}.")


def _any_of(choices: tuple[str, ...]) -> str:
    *others, last = choices
    return f"{', '.join(others)} or {last}" if others else last


def _seconds(durations_s: tuple[int, ...]) -> str:
    first, last = min(durations_s), max(durations_s)
    if len(durations_s) > 2 and len(durations_s) == last - first + 1:
        return f"{first} to {last} seconds"
    return f"{_any_of(tuple(map(str, durations_s)))} seconds"


def _decided(
    draft: RequestDraft, image: CheckedImage, prompt: str, model: Model
) -> GenerationRequest:
    still = draft.camera_fixed
    if still is None:
        still = model.takes_camera_fixed and fixes_camera(draft.motion_intensity)
    audio = model.takes_audio if draft.generate_audio is None else draft.generate_audio
    return GenerationRequest(
        model=model.key,
        prompt=prompt,
        sent_prompt=sent_prompt(prompt, draft.motion_intensity, model.sent_prompt_max),
        image=image,
        end_image=draft.end_image,
        duration_s=draft.duration_s or model.default_duration_s,
        resolution=draft.resolution or model.default_resolution,
        aspect_ratio=draft.aspect_ratio or model.default_aspect_ratio,
        seed=None if draft.seed == RANDOM_SEED else draft.seed,
        motion_intensity=draft.motion_intensity,
        camera_fixed=still,
        generate_audio=audio,
        enable_safety_checker=draft.enable_safety_checker is not False,
        campaign_id=draft.campaign_id,
        title=" ".join(_clean(draft.title or "").split()) or title_of(prompt),
    )


def _clean(text: str) -> str:
    """`text` without control characters, which neither Postgres nor fal takes, and trimmed."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(kept)).strip()
