"""Small pictures for pages, made once, so that no run decodes a large file again."""

from __future__ import annotations

import io
from typing import Literal

from PIL import Image

PREVIEW_PX = 720
MOST_HEIGHT_PX = 280
"""Of a picture beside a form or text, so that what is below it stays in sight."""
_QUALITY = 82


def preview(data: bytes) -> bytes:
    """A checked picture as a JPEG of at most 720 pixels a side."""
    with _opened(data, PREVIEW_PX, PREVIEW_PX) as picture:
        picture.thumbnail((PREVIEW_PX, PREVIEW_PX))
        return _jpeg(picture)


def shown_width(width: int, height: int) -> int | Literal["stretch"]:
    """How wide to show a picture of this size: a wide one fills its place, others stay low."""
    return "stretch" if width > 1.2 * height else round(MOST_HEIGHT_PX * width / height)


def _opened(data: bytes, width: int, height: int) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    # Lets the JPEG decoder scale down while it reads, which is several times faster.
    picture.draft("RGB", (width * 2, height * 2))
    return picture


def _jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    flat = Image.new("RGB", picture.size, "white")
    rgba = picture.convert("RGBA")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    flat.save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()
