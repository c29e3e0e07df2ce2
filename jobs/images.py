"""Start and end images: what comes from outside is checked here before anything is kept or sent.

The limits are those that every Seedance endpoint takes (ModelArk video generation documentation,
image requirements; fal, OpenAPI of the Seedance 2.0 models). A picture outside them may be billed
although no video comes of it (fal docs, FAQ), so it is refused here.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from hashlib import sha256

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from jobs.errors import InvalidRequest, Problem

MIN_SIDE_PX = 300
MAX_SIDE_PX = 6000
MAX_RATIO = 2.5
"""The longer side over the shorter one has to be less than this."""

_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for damaged files; which one depends on where the damage is."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a picture upright, by its orientation (Exif 2.32, tag Orientation)."""


@dataclass(frozen=True)
class ImageKind:
    """A file type that every model takes."""

    format: str
    """Pillow's name for it."""
    content_type: str
    suffix: str


JPEG = ImageKind("JPEG", "image/jpeg", ".jpg")
PNG = ImageKind("PNG", "image/png", ".png")
WEBP = ImageKind("WEBP", "image/webp", ".webp")


@dataclass(frozen=True)
class CheckedImage:
    """A picture that decodes, is upright and within the limits of every model."""

    data: bytes = field(repr=False)
    sha256: str
    """Hex digest of `data`."""
    content_type: str
    suffix: str
    """`.jpg`, `.png` or `.webp`, by content."""
    width: int
    """In pixels, as displayed."""
    height: int
    size_bytes: int


def check_image(data: bytes, max_bytes: int, name: str, *, field: str = "image") -> CheckedImage:
    """Check the file `data`, which the person knows as `name`.

    Its type is told by its content, never by its name. A picture that its camera stored lying on
    its side is turned and written anew; any other keeps its bytes. `field` is the field of the
    request that problems are reported for.

    Raises:
        InvalidRequest: it can't be used; the message says why in a person's words.
    """
    try:
        return _checked(data, max_bytes)
    except _Refused as exc:
        raise InvalidRequest([Problem(field, f"{_shown(name)} {exc}")]) from exc


class _Refused(Exception):
    """Why a picture can't be used; the sentence goes on after the picture's name."""


def _checked(data: bytes, max_bytes: int) -> CheckedImage:
    if not data:
        raise _Refused("is empty.")
    _check_bytes(data, max_bytes)
    kind = _kind_of(data)
    picture = _opened(data, kind)
    _check_shape(*picture.size)
    if getattr(picture, "is_animated", False):
        raise _Refused("is an animation. Choose a still picture.")
    _decode(picture)
    turn = _UPRIGHT.get(_orientation(picture.info.get("exif")))
    if turn is None:
        return _described(data, kind, picture.size)
    upright = picture.transpose(turn)
    turned = _written(upright, kind, picture.info.get("icc_profile"))
    _check_bytes(turned, max_bytes)
    return _described(turned, kind, upright.size)


def _described(data: bytes, kind: ImageKind, size: tuple[int, int]) -> CheckedImage:
    return CheckedImage(
        data=data,
        sha256=sha256(data).hexdigest(),
        content_type=kind.content_type,
        suffix=kind.suffix,
        width=size[0],
        height=size[1],
        size_bytes=len(data),
    )


def _check_bytes(data: bytes, max_bytes: int) -> None:
    if len(data) > max_bytes:
        size, limit = len(data) / 1_000_000, max_bytes / 1_000_000
        raise _Refused(f"has {size:.1f} MB. At most {limit:.1f} MB are possible.")


def _kind_of(data: bytes) -> ImageKind:
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    raise _Refused("is not a JPEG, PNG or WebP picture. Save it as one of these.")


def _opened(data: bytes, kind: ImageKind) -> ImageFile:
    """Read the header only, so that the size is known before memory is taken for the pixels."""
    opener: dict[ImageKind, type[ImageFile]] = {
        JPEG: JpegImageFile,
        PNG: PngImageFile,
        WEBP: WebPImageFile,
    }
    try:
        return opener[kind](io.BytesIO(data))
    except _UNREADABLE as exc:
        raise _Refused("is damaged. Save it anew and try again.") from exc


def _check_shape(width: int, height: int) -> None:
    measured = f"is {width} × {height} pixels."
    if min(width, height) < MIN_SIDE_PX or max(width, height) > MAX_SIDE_PX:
        raise _Refused(f"{measured} Each side must have {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels.")
    if max(width, height) >= MAX_RATIO * min(width, height):
        raise _Refused(
            f"{measured} Its longer side must be less than {MAX_RATIO} times its shorter one; "
            "crop it."
        )


def _decode(picture: ImageFile) -> None:
    """Decode every pixel: fal bills some of the time that it spends on a picture it can't read."""
    try:
        picture.load()
    except _UNREADABLE as exc:
        raise _Refused("is damaged or incomplete. Save it anew and try again.") from exc


def _orientation(exif: bytes | None) -> int:
    """The orientation in a block of Exif data (TIFF 6.0, section 2), 1 when it says none."""
    tiff = (exif or b"").removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for position in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, position)
            if tag == _ORIENTATION_TAG:
                return int(value)
    except struct.error:
        return 1
    return 1


def _written(picture: Image.Image, kind: ImageKind, icc_profile: bytes | None) -> bytes:
    """The picture as a new file without Exif data, so that nothing turns it a second time."""
    target = io.BytesIO()
    options = {} if kind is PNG else {"quality": 95}
    picture.info.pop("exif", None)
    try:
        picture.save(target, kind.format, icc_profile=icc_profile, **options)
    except _UNREADABLE as exc:
        raise _Refused("lies on its side and can't be turned. Turn it and save it anew.") from exc
    return target.getvalue()


def _shown(name: str) -> str:
    """The file's name as a sentence can hold it."""
    clean = "".join(character for character in name if character.isprintable()).strip()
    if not clean:
        return "The picture"
    return clean if len(clean) <= 60 else f"{clean[:57]}…"
