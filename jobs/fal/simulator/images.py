"""The images that a request names: uploaded files and data URIs.

Other addresses are refused: the simulator never reaches out to the network for an image.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from PIL import Image

from jobs.fal.simulator.failures import problem, unreadable_image

MAX_IMAGE_BYTES = 30 * 1024 * 1024
DECODE_ERRORS = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for a file that is no image, or a damaged one."""
_MIN_SIDE, _MAX_SIDE = 300, 6000
_UPLOAD = re.compile(r"/files/uploads/([0-9a-f]{32})/([A-Za-z0-9_-][A-Za-z0-9._-]{0,119})")


class ImageProblem(Exception):
    """An image can't be used; `entry` is what fal's error says about it."""

    def __init__(self, entry: dict[str, object]) -> None:
        super().__init__(str(entry["msg"]))
        self.entry = entry


def upload_path(folder: Path, address: str) -> Path | None:
    """Where the uploaded file of this address or path is kept; None when it is none of ours."""
    match = _UPLOAD.fullmatch(unquote(urlsplit(address).path))
    return folder / "uploads" / match[1] / match[2] if match else None


def read_image(folder: Path, address: str) -> bytes:
    """The bytes behind an address.

    Raises:
        OSError, ValueError: there is nothing to read.
    """
    if address.startswith("data:"):
        return _decoded(address)
    path = upload_path(folder, address)
    if path is None:
        raise ValueError("not a file of this server")
    return path.read_bytes()


def image_size(folder: Path, field: str, address: str) -> tuple[int, int]:
    """Width and height of the image that the input's `field` names.

    Limits are those of the Seedance models (ModelArk docs, Video generation, Input image).

    Raises:
        ImageProblem: it can't be fetched or read, or is too large or too small.
    """
    try:
        content = read_image(folder, address)
    except (OSError, ValueError) as exc:
        message = "Failed to download the file. Please check if the URL is accessible."
        raise ImageProblem(problem(field, "file_download_error", message, address)) from exc
    if len(content) > MAX_IMAGE_BYTES:
        limit = {"max_size": MAX_IMAGE_BYTES}
        raise ImageProblem(problem(field, "file_too_large", "File too large", address, limit))
    size = _decoded_size(field, address, content)
    _check_sides(field, address, size)
    return size


def _decoded(address: str) -> bytes:
    head, _, body = address.partition(",")
    if not head.endswith(";base64"):
        raise ValueError("only base64 data URIs are understood")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc


def _decoded_size(field: str, address: str, content: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except DECODE_ERRORS as exc:
        raise ImageProblem(unreadable_image(field, address)) from exc


def _check_sides(field: str, address: str, size: tuple[int, int]) -> None:
    if min(size) < _MIN_SIDE:
        limit = {"min_height": _MIN_SIDE, "min_width": _MIN_SIDE}
        raise ImageProblem(problem(field, "image_too_small", "Image too small", address, limit))
    if max(size) > _MAX_SIDE:
        limit = {"max_height": _MAX_SIDE, "max_width": _MAX_SIDE}
        raise ImageProblem(problem(field, "image_too_large", "Image too large", address, limit))
