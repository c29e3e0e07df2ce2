"""Which product an image shows: start images that look alike form a family of their team.

The same file is known by its SHA-256. A file that was saved anew, made smaller or cropped is known
by perceptual hashes (pHash: the signs of the 64 lowest frequencies of a cosine transform, ImageHash
library): of the whole picture and of a few crops of it, since a hash of the whole changes beyond
recognition when more than a twentieth is cut off.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from uuid import UUID

from PIL import Image

from jobs.bootstrap import Services
from jobs.images import CheckedImage
from storage.models import InputImage, Person
from storage.records import product_images

NEAR = 10
"""Bits of 64 that may differ. Files saved anew differ by 0 to 2, crops of up to a fifth by 10 at
most, different products by 22 and more (measured on the samples of the Create page)."""

WORKING_SIDE_PX = 512
"""Looks are taken of a picture no larger than this: they have no details."""

CROPS = (
    *((cut, cut, 1 - cut, 1 - cut) for cut in (0.05, 0.10, 0.15, 0.20)),
    *((0.0, 0.0, 0.9, 1.0), (0.1, 0.0, 1.0, 1.0), (0.0, 0.0, 1.0, 0.9), (0.0, 0.1, 1.0, 1.0)),
    *((0.0, 0.0, 0.8, 0.8), (0.2, 0.0, 1.0, 0.8), (0.0, 0.2, 0.8, 1.0), (0.2, 0.2, 1.0, 1.0)),
)
"""Left, top, right and bottom as parts of the picture: its middle, what is left when one side is
cut, and its four corners."""


@dataclass(frozen=True)
class Looks:
    """Perceptual hashes of 64 bits, as signed integers."""

    whole: int
    crops: tuple[int, ...]


def looks_of(image: CheckedImage) -> Looks:
    """How a picture looks; the same for every file of the same picture."""
    with Image.open(io.BytesIO(image.data)) as opened:
        opened.draft("RGB", (WORKING_SIDE_PX, WORKING_SIDE_PX))
        picture = _on_white(opened)
    picture.thumbnail((WORKING_SIDE_PX, WORKING_SIDE_PX))
    width, height = picture.size
    crops = (
        picture.crop((int(left * width), int(top * height), int(right * width), int(low * height)))
        for left, top, right, low in CROPS
    )
    return Looks(_hash(picture), tuple(_hash(crop) for crop in crops))


def place(services: Services, person: Person, image: CheckedImage, kept: InputImage) -> UUID:
    """The family of a start image in this person's team, made when nothing looks like it.

    `kept` is where the image lies in the object store. A file the team used before costs one look
    into the record; a new one some 30 ms, outside any transaction.
    """
    with services.database.as_person(person.id) as tx:
        known = product_images.family_of(tx, person.team_id, image.sha256)
    if known is not None:
        return known
    looks = looks_of(image)
    with services.database.as_person(person.id) as tx:
        near = product_images.nearest(tx, person.team_id, looks.whole, looks.crops, within=NEAR)
        return product_images.add(tx, person.team_id, kept, looks.whole, looks.crops, near)


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency: what is behind it is of any colour, and different in every file."""
    if not picture.has_transparency_data:
        return picture.convert("L")
    layer = picture.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("L")


def _hash(picture: Image.Image) -> int:
    # SciPy comes along, which takes a second: only whoever brings a new image waits for it.
    import imagehash

    bits = imagehash.phash(picture).hash.flatten().tolist()
    unsigned = sum(1 << place for place, bit in enumerate(bits) if bit)
    return unsigned - (1 << 64) if unsigned >= 1 << 63 else unsigned
