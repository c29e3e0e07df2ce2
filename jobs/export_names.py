"""Names of files in a zip, from a template such as `{campaign}_{title}_{ratio}_{duration}s`.

A name is good on Windows, macOS and Linux (Microsoft Learn, "Naming Files, Paths, and Namespaces"),
keeps letters of every script, and differs from every other of the zip even where case and the form
of accents do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from jobs.errors import InvalidRequest, Problem

DEFAULT_TEMPLATE = "{campaign}_{title}_{ratio}_{duration}s_{date}_{id}"
MAX_TEMPLATE = 200
LONGEST_VALUE = 60
"""Characters of a title or campaign that a name keeps."""
LONGEST_NAME = 120
LONGEST_NAME_BYTES = 200
"""In UTF-8. File systems take 255 with the suffix, and macOS may write an accent as two."""
NAMELESS = "video"

FIELDS = {
    "campaign": "its campaign",
    "title": "its title",
    "ratio": "16x9",
    "duration": "whole seconds",
    "date": "day it was made",
    "id": "first 8 signs of its id",
    "resolution": "720p",
    "model": "its model",
    "person": "who made it",
    "seed": "its seed",
    "number": "its place in the zip",
}
"""What stands between braces in a template, with what it becomes."""

_FIELD = re.compile(r"\{([a-z]+)\}")
_FORBIDDEN = '<>:"/\\|?*'
_BAD_STARTS = ".-~ =+@＝＋－＠"
_UNWELCOME = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of signs that are not drawn, turn text round, or mean nothing everywhere."""
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.I)


@dataclass(frozen=True)
class Named:
    """What of a video its name can tell."""

    id: UUID
    title: str
    campaign: str | None
    aspect_ratio: str
    duration_s: Decimal
    resolution: str
    model: str
    person: str
    seed: int | None
    created_at: datetime


def checked_template(template: str) -> str:
    """The template itself, without space around it.

    Raises:
        InvalidRequest: it is empty, too long, names a field that there is not, or holds a sign
            that no file name can hold; the message says which.
    """
    clean = template.strip()
    if problem := _problem_of(clean):
        raise InvalidRequest([Problem("template", problem)])
    return clean


def _problem_of(template: str) -> str | None:
    if not 1 <= len(template) <= MAX_TEMPLATE:
        return f"A template has 1 to {MAX_TEMPLATE} characters."
    unknown = [name for name in _FIELD.findall(template) if name not in FIELDS]
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        return f"There is no {{{unknown[0]}}}. There are {known}."
    fixed = _FIELD.sub("", template)
    if "{" in fixed or "}" in fixed:
        return "Write each field between braces, like {title}."
    if bad := sorted({sign for sign in fixed if sign in _FORBIDDEN or _is_unwelcome(sign)}):
        signs = " ".join(sign for sign in bad if sign.isprintable())
        return f"A file name can't hold {signs or 'signs that are not visible'}."
    return None


def file_names(template: str, videos: Iterable[Named], zone: ZoneInfo) -> Iterator[str]:
    """A name without suffix for each video, in their order; days are those of `zone`."""
    taken: set[str] = set()
    for number, video in enumerate(videos, start=1):
        name = _free_name(_filled(template, video, number, zone), taken)
        taken.add(_compared(name))
        yield name


def safe_name(text: str, longest: int = LONGEST_NAME) -> str:
    """The text as a part of a file name; may be empty."""
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(
        " " if sign.isspace() or sign in _FORBIDDEN else sign
        for sign in composed
        if sign.isspace() or not _is_unwelcome(sign)
    )
    dashed = "-".join(kept.split())
    return _cut(_bare(dashed), longest)


def _filled(template: str, video: Named, number: int, zone: ZoneInfo) -> str:
    values = _values_of(video, number, zone)
    name = safe_name(_FIELD.sub(lambda found: values[found[1]], template)) or NAMELESS
    return f"{name}_" if _DEVICES.fullmatch(name) else name


def _values_of(video: Named, number: int, zone: ZoneInfo) -> dict[str, str]:
    return {
        "campaign": safe_name(video.campaign or "", LONGEST_VALUE) or "no-campaign",
        "title": safe_name(video.title, LONGEST_VALUE) or NAMELESS,
        "ratio": video.aspect_ratio.replace(":", "x"),
        "duration": f"{video.duration_s:.0f}",
        "date": f"{video.created_at.astimezone(zone):%Y-%m-%d}",
        "id": video.id.hex[:8],
        "resolution": video.resolution,
        "model": safe_name(video.model, LONGEST_VALUE),
        "person": safe_name(video.person, LONGEST_VALUE),
        "seed": "no-seed" if video.seed is None else str(video.seed),
        "number": f"{number:03d}",
    }


def _free_name(name: str, taken: set[str]) -> str:
    if _compared(name) not in taken:
        return name
    number = 2
    while _compared(numbered := f"{_cut(name, LONGEST_NAME - 5)}-{number}") in taken:
        number += 1
    return numbered


def _compared(name: str) -> str:
    """The same for names that some file system takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _is_unwelcome(sign: str) -> bool:
    return unicodedata.category(sign) in _UNWELCOME


def _cut(name: str, longest: int) -> str:
    short = name[:longest].encode()[:LONGEST_NAME_BYTES].decode(errors="ignore")
    return _bare(short)


def _bare(name: str) -> str:
    """Without what hides a file, looks like an option or a formula, or is dropped by Windows."""
    return name.lstrip(_BAD_STARTS).rstrip(".- ")
