"""fal's model errors in a marketer's words (fal docs, "Model errors": type, loc, ctx)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.models import FailureCause

_FIELDS = {
    "prompt": "prompt",
    "image_url": "start image",
    "end_image_url": "end image",
    "tail_image_url": "end image",
    "duration": "duration",
    "resolution": "resolution",
    "aspect_ratio": "aspect ratio",
    "seed": "seed",
}
_REFUSALS = {
    "prompt": (
        FailureCause.REFUSED_PROMPT,
        "fal's content check refused the prompt.",
        "Reword the prompt and generate again.",
    ),
    "start image": (
        FailureCause.REFUSED_START_IMAGE,
        "fal's content check refused the start image, often for a real person's face.",
        "Use another start image and generate again.",
    ),
    "end image": (
        FailureCause.REFUSED_END_IMAGE,
        "fal's content check refused the end image, often for a real person's face.",
        "Use another end image and generate again.",
    ),
}
_REFUSED_OUTPUT = (
    FailureCause.REFUSED_OUTPUT,
    "fal's content check refused the finished video.",
    "Change the prompt or the image and generate again.",
)
_SENTENCES = {
    "no_media_generated": "The model made no video of this prompt and image",
    "image_too_small": "The {field} is too small for the model{limit}",
    "image_too_large": "The {field} has too many pixels for the model{limit}",
    "image_load_error": "fal can't read the {field}",
    "unsupported_image_format": "The {field} is in a format that the model does not take",
    "face_detection_error": "The model found no usable face in the {field}",
    "file_download_error": "fal could not fetch the {field}",
    "file_too_large": "The file of the {field} is too large for the model{limit}",
    "greater_than": "The {field} is too low{limit}",
    "greater_than_equal": "The {field} is too low{limit}",
    "less_than": "The {field} is too high{limit}",
    "less_than_equal": "The {field} is too high{limit}",
    "multiple_of": "The {field} is not a multiple that the model takes{limit}",
    "sequence_too_short": "The {field} is too short{limit}",
    "sequence_too_long": "The {field} is too long{limit}",
    "one_of": "The model does not take this {field}{limit}",
    "feature_not_supported": "The model does not support what was asked of the {field}",
    "missing": "The {field} is missing",
}


def refusal(item: Mapping[str, Any]) -> tuple[str, FailureCause, str]:
    """What a content policy error refused: sentence, cause, what to do.

    A message about the output wins over the field it is pinned to; without a field of ours it is
    the output, too.
    """
    text = item.get("msg")
    about_output = isinstance(text, str) and text.lstrip().lower().startswith("output")
    field = None if about_output else _field(item)
    cause, happened, todo = _REFUSALS.get(field or "", _REFUSED_OUTPUT)
    return happened, cause, todo


def bad_input_words(item: Mapping[str, Any], status: int) -> tuple[str, str]:
    """What fal could not use and what to do; an unknown kind is told by field alone.

    `item` is one model error, empty when the answer had none.
    """
    field = _field(item)
    sentence = _SENTENCES.get(str(item.get("type")))
    if sentence is None:
        what = f"the {field}" if field else "this request"
        happened = f"fal does not accept {what} (HTTP {status})."
    else:
        happened = sentence.format(field=field or "input", limit=_limit(item)) + "."
    what = f"the {field}" if field else "the inputs"
    return happened, f"Change {what} and generate again."


def _field(item: Mapping[str, Any]) -> str | None:
    loc = item.get("loc")
    for part in loc if isinstance(loc, list) else []:
        if isinstance(part, str) and part in _FIELDS:
            return _FIELDS[part]
    return None


def _limit(item: Mapping[str, Any]) -> str:
    """The limits that fal names, as ": at least 300 × 300 pixels"; empty when it names none."""
    ctx = item.get("ctx")
    if not isinstance(ctx, dict):
        return ""
    for word, side in (("at least", "min"), ("at most", "max")):
        width, height = ctx.get(f"{side}_width"), ctx.get(f"{side}_height")
        if width is not None and height is not None:
            return f": {word} {width} × {height} pixels"
    if isinstance(ctx.get("expected"), list):
        return ": it takes " + ", ".join(str(value) for value in ctx["expected"])
    for key, words in _LIMITS.items():
        if ctx.get(key) is not None:
            return f": {words} {ctx[key]}"
    return ""


_LIMITS = {
    "max_size": "at most, in bytes,",
    "gt": "it must be above",
    "ge": "it must be at least",
    "lt": "it must be below",
    "le": "it must be at most",
    "multiple_of": "it must be a multiple of",
    "min_length": "at least",
    "max_length": "at most",
}
