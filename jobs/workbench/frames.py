"""Messages between the dashboard and a sandbox: a length, then that many bytes."""

from __future__ import annotations

import struct
from typing import BinaryIO

_LENGTH = struct.Struct(">I")
HEAD = _LENGTH.size


def packed(body: bytes) -> bytes:
    """A message as it is sent."""
    return _LENGTH.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """How long the message behind this head is."""
    return int(_LENGTH.unpack(head)[0])


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next message; None when there is no more."""
    head = stream.read(HEAD)
    if len(head) < HEAD:
        return None
    body = stream.read(length_of(head))
    return body if len(body) == length_of(head) else None
