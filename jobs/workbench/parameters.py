"""The parameters of a question: every `$name` in it, and what kind of value it asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

_SKIPPED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$", re.S)
_NAMED = re.compile(r"\$([A-Za-z_]\w*)(?:\s*::\s*(\w+(?:\[\])?))?")
_BEFORE_A_LIST = re.compile(r"list_contains\(\s*\$(\w+)|\bin\s+\$(\w+)|unnest\(\s*\$(\w+)", re.I)
_DAYS = frozenset({"since", "until", "day", "from_day", "to_day", "begin", "end"})
_KINDS = {
    "date": "day",
    "timestamp": "day",
    "boolean": "yes",
    "bool": "yes",
    "int": "number",
    "integer": "number",
    "bigint": "number",
    "double": "number",
    "float": "number",
    "decimal": "number",
    "numeric": "number",
}


@dataclass(frozen=True)
class Parameter:
    """One value that a question asks for; `kind` is `text`, `number`, `yes`, `day` or `list`."""

    name: str
    kind: str


def parameters_of(sql: str) -> list[Parameter]:
    """The parameters in the order of their first use; each is named once.

    The kind follows from a cast (`$since::date`), from what reads it (`list_contains($models, …)`)
    or from its name; text otherwise.
    """
    bare = _SKIPPED.sub(" ", sql)
    lists = {name for found in _BEFORE_A_LIST.finditer(bare) for name in found.groups() if name}
    kinds: dict[str, str] = {}
    for name, cast in _NAMED.findall(bare):
        kind = "list" if cast.endswith("[]") else _KINDS.get(cast.lower(), "")
        kinds[name] = kinds.get(name) or kind
    for name in kinds:
        guess = "list" if name in lists else "day" if name.lower() in _DAYS else "text"
        kinds[name] = kinds[name] or guess
    return [Parameter(name, kind) for name, kind in kinds.items()]


def given(parameter: Parameter, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """A value of a form as a question carries it; nothing typed is null."""
    if value in (None, "", []):
        return {"kind": parameter.kind, "value": None}
    if isinstance(value, date):
        value = value.isoformat()
    elif parameter.kind == "number" and float(value).is_integer():
        value = int(value)
    return {"kind": parameter.kind, "value": value}
