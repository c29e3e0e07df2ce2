"""Takes what looks like a secret out of text that is about to be written down.

The last fence, not the first: secrets are `SecretStr` and never handed to a logger. But words of
other programs are logged, too, and they repeat addresses, headers and connection strings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from structlog.typing import EventDict

HIDDEN = "[hidden]"

_NAMES = (
    r"(?:[\w-]*(?:token|signature|secret|password|passwd|credential|api_?key)|sig|jwt|key|code)"
)
_PATTERNS = (
    # A parameter of an address: ?token=…, &sig=…, &X-Amz-Signature=…
    (re.compile(rf"(?i)([?&;]{_NAMES}=)[^&\s\"'<>#]+"), rf"\1{HIDDEN}"),
    # The password in an address: postgresql://studio:…@host
    (re.compile(r"(://[^/\s:@\"']*:)[^/\s@\"']+(?=@)"), rf"\1{HIDDEN}"),
    # A connection string of libpq.
    (re.compile(r"(?i)\b(password\s*=\s*)(?:'[^']*'|[^\s'\"&]+)"), rf"\1{HIDDEN}"),
    # A header of authorization; fal's is `Key id:secret`.
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=:-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\b((?:Key|Basic)\s+)[\w.~+/=:-]{12,}"), rf"\1{HIDDEN}"),
    # fal's key by itself: a UUID, a colon, 32 hexadecimal digits.
    (re.compile(r"(?i)\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{16,}"), HIDDEN),
    # A JSON Web Token (RFC 7519), which Supabase's keys and sessions are.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), HIDDEN),
    # A key of Supabase's newer kind.
    (re.compile(r"\bsb_secret_[\w-]+"), HIDDEN),
    # A link that signs somebody in.
    (re.compile(r"(/session/link/)[\w-]+"), rf"\1{HIDDEN}"),
    # A link that shows a video to guests.
    (re.compile(r"(/s/)[\w-]{43}"), rf"\1{HIDDEN}"),
)
_SECRET_NAME = re.compile(
    r"(?i)(?:.*[_-])?(?:token|signature|secret|password|passwd|authorization|cookie|api_?key|fal_key)"
)


def redact(text: str) -> str:
    """`text` with every secret-looking part replaced by `[hidden]`."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_event(_logger: object, _method: str, event: EventDict) -> EventDict:
    """A processor of structlog: the same for every text of a line, at any depth."""
    return {name: _clean_named(str(name), value) for name, value in event.items()}


def _clean_named(name: str, value: object) -> object:
    if value is not None and _SECRET_NAME.fullmatch(name):
        return HIDDEN
    return _clean(value)


def _clean(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _clean_named(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))
