"""Names that files are saved under on somebody's computer."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from storage.models import Rendition, RenditionKind, Video

LONGEST_TITLE = 60
"""Characters of the title that a name keeps; some systems refuse long paths."""

_SUFFIXES = {"video/mp4": ".mp4", "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_SCALED = {RenditionKind.P480, RenditionKind.P360}


def download_name(video: Video, rendition: Rendition) -> str:
    """`spring-launch_16x9_5s_720p_1f0c6a2b.mp4`: plain letters only, and never two the same.

    The resolution is the file's own, not the video's, when it is a smaller rendition.
    """
    resolution = rendition.kind.value if rendition.kind in _SCALED else video.resolution
    parts = (
        slug(video.title) or "video",
        video.aspect_ratio.replace(":", "x"),
        f"{_short(video.duration_s)}s",
        resolution,
        video.id.hex[:8],
    )
    return "_".join(parts) + _SUFFIXES.get(rendition.content_type or "", "")


def slug(title: str) -> str:
    """The title in lower-case ASCII letters and digits with dashes between; may be empty."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    dashed = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return dashed[:LONGEST_TITLE].rstrip("-")


def _short(number: Decimal) -> str:
    return f"{number:.1f}".removesuffix(".0")
