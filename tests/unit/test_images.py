from __future__ import annotations

import io
import struct
import zlib
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jobs.errors import InvalidRequest
from jobs.images import CheckedImage, check_image

MB = 1_000_000
ORIENTATION = 0x0112
RED, BLUE = (250, 0, 0), (0, 0, 250)


def picture(size: tuple[int, int] = (640, 480), mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def webp_claiming(width: int, height: int) -> bytes:
    body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + b"\0" * 95
    chunk = b"WEBPVP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk)) + chunk


def lying(orientation: int, kind: str, mode: str = "RGB") -> bytes:
    """A 640 × 400 file, left half red and right half blue, that says it is to be turned."""
    image = Image.new("RGB", (640, 400), RED)
    image.paste(BLUE, (320, 0, 640, 400))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(image.convert(mode), kind, exif=exif)


def refusal(data: bytes, max_bytes: int = 30 * MB, name: str = "bottle.jpg") -> str:
    with pytest.raises(InvalidRequest) as caught:
        check_image(data, max_bytes, name)
    (problem,) = caught.value.problems
    assert problem.field == "image"
    return problem.message


@pytest.mark.parametrize(
    ("kind", "content_type", "suffix"),
    [("JPEG", "image/jpeg", ".jpg"), ("PNG", "image/png", ".png"), ("WEBP", "image/webp", ".webp")],
)
def test_a_picture_is_known_by_its_content_and_keeps_its_bytes(
    kind: str, content_type: str, suffix: str
) -> None:
    data = encoded(picture(), kind)
    assert check_image(data, 30 * MB, "misnamed.exe") == CheckedImage(
        data, sha256(data).hexdigest(), content_type, suffix, 640, 480, len(data)
    )


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("I;16", "PNG"),
        ("1", "PNG"),
        ("LA", "PNG"),
        ("RGBA", "WEBP"),
    ],
)
def test_unusual_colours_are_taken_as_they_are(mode: str, kind: str) -> None:
    data = encoded(picture().convert(mode), kind)
    assert check_image(data, 30 * MB, "a").data == data


def test_a_palette_with_transparency_is_taken() -> None:
    data = encoded(picture(mode="P"), "PNG", transparency=b"\x00\x80\xff")
    assert check_image(data, 30 * MB, "a").content_type == "image/png"


def test_a_phone_photo_with_a_second_picture_inside_is_a_jpeg() -> None:
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture((320, 320))])
    checked = check_image(data, 30 * MB, "IMG_0001.JPG")
    assert (checked.content_type, checked.width, checked.data) == ("image/jpeg", 640, data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "size", "first", "last"),
    [
        (2, (640, 400), BLUE, RED),
        (3, (640, 400), BLUE, RED),
        (4, (640, 400), RED, BLUE),
        (5, (400, 640), RED, BLUE),
        (6, (400, 640), RED, BLUE),
        (7, (400, 640), BLUE, RED),
        (8, (400, 640), BLUE, RED),
    ],
)
def test_a_picture_on_its_side_is_turned_for_good(
    kind: str,
    orientation: int,
    size: tuple[int, int],
    first: tuple[int, int, int],
    last: tuple[int, int, int],
) -> None:
    checked = check_image(lying(orientation, kind), 30 * MB, "a")
    turned = Image.open(io.BytesIO(checked.data)).convert("RGB")
    assert (checked.width, checked.height) == turned.size == size
    for corner, colour in (((5, 5), first), ((size[0] - 6, size[1] - 6), last)):
        seen = turned.getpixel(corner)
        assert isinstance(seen, tuple)
        assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) < 12
    assert turned.getexif().get(ORIENTATION, 1) == 1
    assert checked.sha256 == sha256(checked.data).hexdigest()


@pytest.mark.parametrize(("mode", "kind"), [("CMYK", "JPEG"), ("I;16", "PNG"), ("P", "PNG")])
def test_a_picture_of_unusual_colours_is_turned_too(mode: str, kind: str) -> None:
    checked = check_image(lying(6, kind, mode), 30 * MB, "a")
    assert (checked.width, checked.height) == (400, 640)
    assert Image.open(io.BytesIO(checked.data)).mode == mode


@pytest.mark.parametrize("orientation", [0, 1, 9, 65535])
def test_an_upright_or_senseless_orientation_keeps_the_bytes(orientation: int) -> None:
    data = lying(orientation, "PNG")
    assert check_image(data, 30 * MB, "a").data == data


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff\x12\x01", b"junk"]
)
def test_damaged_exif_data_is_no_reason_to_refuse(exif: bytes) -> None:
    data = encoded(picture(), "JPEG", exif=b"Exif\0\0" + exif)
    assert check_image(data, 30 * MB, "a").data == data


@pytest.mark.parametrize("size", [(300, 300), (6000, 2401), (300, 749), (749, 300)])
def test_sizes_at_the_limits_are_taken(size: tuple[int, int]) -> None:
    checked = check_image(encoded(picture(size), "JPEG"), 30 * MB, "a")
    assert (checked.width, checked.height) == size


@pytest.mark.parametrize("size", [(299, 400), (400, 299), (6001, 3000), (1, 1)])
def test_a_side_out_of_range_is_refused_with_its_size(size: tuple[int, int]) -> None:
    message = refusal(encoded(picture(size), "JPEG"))
    assert f"{size[0]} × {size[1]} pixels" in message
    assert "300 to 6000" in message


@pytest.mark.parametrize("size", [(1040, 400), (400, 1040), (1000, 400)])
def test_a_picture_too_long_for_its_height_is_refused(size: tuple[int, int]) -> None:
    assert "crop it" in refusal(encoded(picture(size), "PNG"))


def test_a_file_beyond_the_limit_is_refused_with_both_sizes() -> None:
    data = encoded(picture(), "PNG") + b"\0" * 2 * MB
    assert refusal(data, max_bytes=MB) == "bottle.jpg has 2.0 MB. At most 1.0 MB are possible."


def test_a_file_of_exactly_the_limit_is_taken() -> None:
    data = encoded(picture(), "PNG")
    assert check_image(data, len(data), "a").size_bytes == len(data)


@pytest.mark.parametrize("data", [png_claiming(60_000, 60_000), webp_claiming(16_383, 16_383)])
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    assert "Each side must have" in refusal(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
def test_a_truncated_file_is_refused(kind: str, kept: float) -> None:
    data = encoded(picture(), kind)
    assert "damaged" in refusal(data[: int(len(data) * kept)])


def test_pixels_that_dont_fill_the_picture_are_refused() -> None:
    assert "damaged" in refusal(png_claiming(3000, 3000))


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' width='640' height='480'/>",
        b"<!doctype html><img src=x onerror=alert(1)>",
        b"%PDF-1.7",
        b"\0\0\0\x20ftypheic",
        encoded(picture(), "GIF"),
        encoded(picture(), "BMP"),
        encoded(picture(), "TIFF"),
        b"RIFF\0\0\0\0WAVE",
    ],
)
def test_any_other_kind_of_file_is_refused(data: bytes) -> None:
    assert "is not a JPEG, PNG or WebP picture" in refusal(data)


def test_an_empty_file_is_refused() -> None:
    assert refusal(b"") == "bottle.jpg is empty."


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    frames = [picture(), picture().rotate(90)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert "is an animation" in refusal(data)


def test_a_text_chunk_that_unpacks_to_gigabytes_is_refused() -> None:
    data = encoded(picture(), "PNG")
    bomb = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 50 * MB))
    assert "damaged" in refusal(data[:33] + bomb + data[33:])


@pytest.mark.parametrize(
    ("name", "shown"),
    [("", "The picture"), ("a\x00\n.png", "a.png"), ("x" * 90, "x" * 57 + "…")],
)
def test_a_name_is_shown_as_a_sentence_can_hold_it(name: str, shown: str) -> None:
    assert refusal(b"", name=name) == f"{shown} is empty."


def test_the_problem_names_the_field_it_is_asked_for() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_image(b"", MB, "end.png", field="end_image")
    assert caught.value.problems[0].field == "end_image"


STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8 "]
SMALL = [encoded(picture((300, 300)), kind) for kind in ("JPEG", "PNG", "WEBP")]


@pytest.mark.filterwarnings("ignore")
@given(st.sampled_from(STARTS), st.binary(max_size=400))
def test_random_bytes_are_refused_and_nothing_else_happens(start: bytes, rest: bytes) -> None:
    with pytest.raises(InvalidRequest):
        check_image(start + rest, MB, "noise")


@pytest.mark.filterwarnings("ignore")
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SMALL), st.data())
def test_a_damaged_picture_is_taken_or_refused_and_nothing_else_happens(
    good: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(good) - 1))
    wrong = data.draw(st.binary(min_size=1, max_size=30))
    damaged = good[:at] + wrong + good[at + len(wrong) :]
    try:
        checked = check_image(damaged, MB, "damaged")
    except InvalidRequest:
        return
    assert min(checked.width, checked.height) >= 300
