"""What the documents say about the settings, made from `storage.settings.Settings` itself."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from storage.settings import Settings


@dataclass(frozen=True)
class Variable:
    """One setting as an operator meets it."""

    name: str
    other_names: tuple[str, ...]
    default: str | None
    """As it would stand in `.env`; None when there is no fixed one."""
    secret: bool
    meaning: str


def variables() -> list[Variable]:
    """Every setting, in the order of the class."""
    return [_variable(field) for field in Settings.model_fields.values()]


def _variable(field: FieldInfo) -> Variable:
    name, *others = _names(field)
    secret = SecretStr.__name__ in str(field.annotation)
    return Variable(name, tuple(others), _default(field), secret, str(field.description))


def settings_table() -> str:
    """The table of docs/configuration.md."""
    rows = [
        f"| `{v.name}` | {f'`{v.default}`' if v.default else '—'} | {_meaning(v)} |"
        for v in variables()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows]) + "\n"


def _meaning(variable: Variable) -> str:
    also = ", ".join(f"`{name}`" for name in variable.other_names)
    return (
        variable.meaning
        + (f" Also read as {also}." if also else "")
        + (" **Secret.**" if variable.secret else "")
    )


def _names(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [str(alias)]


def _default(field: FieldInfo) -> str | None:
    fixed = field.default is not None and field.default_factory is None
    return str(field.default) if fixed else None
