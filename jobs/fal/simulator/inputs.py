"""From a submitted input to what is to be rendered, or to everything that is wrong with it.

The fields are those of the Seedance image-to-video endpoints (fal, OpenAPI of each model); which
of them a model takes, and with which values, says the catalogue. A field that a model does not
know is ignored, as fal ignores it. Where fal's default for a missing field differs by model, the
catalogue's own default is taken.
"""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

from jobs.fal.catalog import AUTO, Model
from jobs.fal.simulator.failures import problem
from jobs.fal.simulator.images import ImageProblem, image_size
from jobs.fal.simulator.state import VideoOrder

_TOKEN_PIXELS = 1024
_SEED_MAX = 2**32 - 1

Problems = list[dict[str, Any]]


def read_input(
    given: dict[str, Any], model: Model, folder: Path, request_id: str
) -> VideoOrder | Problems:
    """What `given` asks `model` to render, or what is wrong with it.

    `folder` keeps the uploaded files; `request_id` decides whatever the input leaves to chance.
    """
    problems: Problems = []
    prompt = _prompt(given, model, problems)
    resolution = _choice(given, "resolution", model.resolutions, model.default_resolution, problems)
    ratio = _choice(given, "aspect_ratio", model.aspect_ratios, _ratio(model), problems)
    durations = tuple(str(seconds) for seconds in model.durations_s)
    seconds = _choice(given, "duration", durations, str(model.default_duration_s), problems)
    seed = _seed(given, model, request_id, problems)
    start = _image(given, "image_url", folder, problems)
    end = _end_image(given, model, folder, problems)
    if problems or start is None:
        return problems
    width, height = model.sizes[resolution][_nearest(ratio, start, model, resolution)]
    return VideoOrder(
        width=width,
        height=height,
        fps=model.fps,
        seconds=int(seconds),
        audio=model.takes_audio and given.get("generate_audio", True) is True,
        camera_fixed=model.takes_camera_fixed and given.get("camera_fixed") is True,
        seed=seed,
        prompt=prompt,
        start_image=given["image_url"],
        end_image=given["end_image_url"] if end else None,
        units=billable_units(width, height, model.fps, int(seconds), model.tokens_per_unit),
    )


def billable_units(width: int, height: int, fps: int, seconds: int, tokens_per_unit: int) -> str:
    """Billing units of a video as decimal text: width x height x fps x seconds / 1024 tokens.

    Source: fal, llms.txt of the Seedance models, Pricing.
    """
    tokens = Decimal(width * height * fps * seconds) / _TOKEN_PIXELS
    return format((tokens / tokens_per_unit).normalize(), "f")


def _ratio(model: Model) -> str:
    return AUTO if AUTO in model.aspect_ratios else model.default_aspect_ratio


def _prompt(given: dict[str, Any], model: Model, problems: Problems) -> str:
    prompt = given.get("prompt")
    if "prompt" not in given:
        problems.append(problem("prompt", "missing", "Field required", given))
    elif not isinstance(prompt, str):
        message = "Input should be a valid string"
        problems.append(problem("prompt", "string_type", message, prompt))
    elif not 1 <= len(prompt) <= model.sent_prompt_max:
        kind = "sequence_too_long" if prompt else "sequence_too_short"
        limit = {"min_length": 1, "max_length": model.sent_prompt_max}
        problems.append(problem("prompt", kind, "Prompt length out of range", prompt, limit))
    return prompt if isinstance(prompt, str) else ""


def _choice(
    given: dict[str, Any], field: str, choices: tuple[str, ...], default: str, problems: Problems
) -> str:
    value = given.get(field, default)
    if value in choices and isinstance(value, str):
        return value
    expected = {"expected": list(choices)}
    message = f"Input should be one of {', '.join(choices)}"
    problems.append(problem(field, "one_of", message, value, expected))
    return default


def _seed(given: dict[str, Any], model: Model, request_id: str, problems: Problems) -> int:
    chance = int(hashlib.sha256(request_id.encode()).hexdigest()[:8], 16)
    seed = given.get("seed")
    if seed is None or not model.takes_seed:
        return chance
    if not isinstance(seed, int) or isinstance(seed, bool):
        problems.append(problem("seed", "int_type", "Input should be a valid integer", seed))
    elif seed < -1:
        message = "Input should be greater than or equal to -1"
        problems.append(problem("seed", "greater_than_equal", message, seed, {"ge": -1}))
    elif seed > _SEED_MAX:
        message = f"Input should be less than or equal to {_SEED_MAX}"
        problems.append(problem("seed", "less_than_equal", message, seed, {"le": _SEED_MAX}))
    else:
        return chance if seed == -1 else seed
    return chance


def _end_image(
    given: dict[str, Any], model: Model, folder: Path, problems: Problems
) -> tuple[int, int] | None:
    if not model.takes_end_image or given.get("end_image_url") is None:
        return None
    return _image(given, "end_image_url", folder, problems)


def _image(
    given: dict[str, Any], field: str, folder: Path, problems: Problems
) -> tuple[int, int] | None:
    address = given.get(field)
    if field not in given:
        problems.append(problem(field, "missing", "Field required", given))
    elif not isinstance(address, str):
        problems.append(problem(field, "string_type", "Input should be a valid string", address))
    else:
        try:
            return image_size(folder, field, address)
        except ImageProblem as exc:
            problems.append(exc.entry)
    return None


def _nearest(ratio: str, image: tuple[int, int], model: Model, resolution: str) -> str:
    """`ratio` itself, or for `auto` the one of the model's whose shape is nearest the image's."""
    if ratio != AUTO:
        return ratio
    wanted = math.log(image[0] / image[1])
    table = model.sizes[resolution]
    return min(table, key=lambda name: abs(math.log(table[name][0] / table[name][1]) - wanted))
