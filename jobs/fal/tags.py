"""Request tags (fal docs, "Request tags"): labels that come back in fal's billing events.

fal silently drops a header that breaks the rules, so they are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_TAGS = 10
MAX_BYTES = 1024
_KEY = re.compile(r"(?!fal\.)[a-z0-9._-]{1,64}")
_VALUE = re.compile(r"[ -+\--~]{1,256}")
"""Printable ASCII without the comma, which separates tags."""


def tags_header(tags: Mapping[str, str]) -> dict[str, str]:
    """The header for `tags`; none for no tags.

    Raises:
        ValueError: fal would drop them.
    """
    if not tags:
        return {}
    for key, value in tags.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise ValueError(f"fal would drop the tag {key!r}.")
    text = ",".join(f"{key}={value}" for key, value in tags.items())
    if len(tags) > MAX_TAGS or len(text) > MAX_BYTES:
        raise ValueError("fal would drop so many or so long tags.")
    return {"X-Fal-Tags": text}
