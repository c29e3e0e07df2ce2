"""Start images of teams and the families they form (`sql/postgres/queries/product_images.sql`)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from storage.models import InputImage
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("product_images")

MOST_COMPARED = 5000
"""Latest images of a team that a new one is compared with: the comparison reads them all, and takes
some ten milliseconds for so many."""


def family_of(tx: Transaction, team_id: UUID, sha256: str) -> UUID | None:
    """The family of this very file in this team; None when the team never used it."""
    row = tx.one_or_none(_Q["family_of"], team_id=team_id, sha256=sha256)
    return row["family_id"] if row else None


def nearest(
    tx: Transaction, team_id: UUID, look: int, crop_looks: Sequence[int], *, within: int
) -> UUID | None:
    """The family of the team's image that looks most like this one, or like a crop of it.

    `look` and `crop_looks` are perceptual hashes of 64 bits as signed integers, `within` the most
    bits that may differ. None: nothing is so near among the team's latest images.
    """
    row = tx.one_or_none(
        _Q["nearest"],
        team_id=team_id,
        look=look,
        crop_looks=list(crop_looks),
        within=within,
        most=MOST_COMPARED,
    )
    return row["family_id"] if row else None


def add(
    tx: Transaction,
    team_id: UUID,
    image: InputImage,
    look: int,
    crop_looks: Sequence[int],
    family_id: UUID | None,
) -> UUID:
    """Keep an image in a family, None: a new one; its family, also when another was first."""
    image_id = uuid4()
    tx.run(
        _Q["add"],
        id=image_id,
        team_id=team_id,
        family_id=family_id or image_id,
        sha256=image.sha256,
        key=image.key,
        look=look,
        crop_looks=list(crop_looks),
    )
    found: UUID = tx.one(_Q["family_of"], team_id=team_id, sha256=image.sha256)["family_id"]
    return found
