"""The request that every benchmark makes."""

from __future__ import annotations

import io

from PIL import Image

from jobs.images import CheckedImage, check_image
from jobs.requests import RequestDraft, read_draft

PROMPT = "The product turns slowly on its stand"
RESOLUTION = "720p"
_MAX_IMAGE_BYTES = 30 * 1024 * 1024


def sample_image() -> CheckedImage:
    """A start image, checked as the dashboard checks it when it is chosen."""
    drawn = io.BytesIO()
    Image.radial_gradient("L").resize((1280, 720)).convert("RGB").save(drawn, "JPEG")
    return check_image(drawn.getvalue(), _MAX_IMAGE_BYTES, "bench.jpg")


def draft(image: CheckedImage, video_s: int) -> RequestDraft:
    """What a person would send from the Create page for a video of so many seconds."""
    fields = {"image": image, "prompt": PROMPT, "resolution": RESOLUTION, "duration_s": video_s}
    return read_draft(fields)
