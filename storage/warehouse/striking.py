"""Rows that are struck out of a file: the file stays as it is, and readers pass them over.

A file never changes, and writing a whole day again because some of its videos were judged costs as
much as the day is large. So its list of struck rows grows in the manifest: a bit for each row of
the file, the first row first, in base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence


def strike(struck: str, rows: int, positions: Iterable[int]) -> str:
    """The bits of a file of so many rows, with these struck out as well; positions begin at 0."""
    bits = bytearray(b64decode(struck) or bytes((rows + 7) // 8))
    for position in positions:
        bits[position // 8] |= 0x80 >> (position % 8)
    return b64encode(bits).decode("ascii")


def count_struck(struck: str) -> int:
    """How many rows are struck out."""
    return int.from_bytes(b64decode(struck)).bit_count()


def standing(struck: Sequence[str]) -> str:
    """The condition for rows that are not struck out, by the bits of each file in the order in
    which they are read; empty: there are none."""
    cases = (
        f"when {index} then get_bit(from_base64('{bits}')::bit, file_row_number::integer) = 0"
        for index, bits in enumerate(struck)
        if bits
    )
    found = " ".join(cases)
    return f"case file_index {found} else true end" if found else ""
