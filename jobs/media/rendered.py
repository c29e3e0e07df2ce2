"""A file that this room has made, with all that the record keeps about it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import MediaToolFailed

MP4 = "video/mp4"
JPEG = "image/jpeg"


@dataclass(frozen=True)
class RenderedFile:
    """A finished file on this machine."""

    path: Path
    width: int
    """Pixels, as displayed."""
    height: int
    size_bytes: int
    sha256: str
    """Lower-case hex."""
    content_type: str


def rendered_file(path: Path, size: tuple[int, int], content_type: str) -> RenderedFile:
    """Describe the file that ffmpeg has just written; `size` is width and height in pixels.

    Raises:
        MediaToolFailed: there is no file, or nothing in it, although ffmpeg reported success.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise MediaToolFailed(f"ffmpeg reported success but made no {path.name}.")
    width, height = size
    return RenderedFile(
        path=path,
        width=width,
        height=height,
        size_bytes=path.stat().st_size,
        sha256=sha256_of(path),
        content_type=content_type,
    )


def sha256_of(path: Path) -> str:
    """SHA-256 of the file's bytes, lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def even(pixels: float) -> int:
    """The nearest even number of pixels, at least 2; an odd number becomes the one below it.

    yuv420p keeps one colour for two pixels, so encoders refuse odd sides.
    """
    return max(2, math.ceil(pixels / 2 - 0.5) * 2)
