"""The address of the workbench: a question or a kept one's id, and the values of its fields.

    /workbench?sql=select …&p.since=2026-11-01&p.models=lite&p.models=pro
    /workbench?query=<id>&version=2

An address is read leniently: a value that makes no sense is left out, so that every link opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from jobs.workbench.asking import Parameters
from jobs.workbench.parameters import Parameter, parameters_of

_OF_VALUES = "p."
_OF_QUESTIONS = ("sql", "query", "version")
_YES = {"true": True, "false": False}
MOST_IN_ADDRESS = 6_000
"""Characters of an address that a question may take, written as addresses are: proxies in front of
the studio refuse much longer ones."""
Address = dict[str, list[str]]


def asked_address() -> Address:
    """What of this run's address is a question; empty when there is none."""
    found = {name: st.query_params.get_all(name) for name in st.query_params}
    if not any(found.get(name, [""])[0] for name in ("sql", "query")):
        return {}
    return {name: values for name, values in found.items() if _is_ours(name)}


def show_address(question: Mapping[str, str], values: Parameters) -> bool:
    """Have the address say this, or nothing when it gets too long; whether it says it."""
    wanted: Address = {name: [text] for name, text in question.items()}
    for name, told in values.items():
        wanted[f"{_OF_VALUES}{name}"] = _as_texts(told["value"])
    fits = fits_address(wanted)
    for name in [name for name in st.query_params if _is_ours(name)]:
        if not fits or name not in wanted:
            del st.query_params[name]
    for name, texts in wanted.items() if fits else ():
        st.query_params[name] = texts
    return fits


def fits_address(wanted: Address) -> bool:
    """Whether an address can carry this."""
    return len(urlencode(wanted, doseq=True)) <= MOST_IN_ADDRESS


def values_of(address: Address, sql: str) -> Parameters:
    """The values in an address for the fields of a question."""
    found: Parameters = {}
    for parameter in parameters_of(sql):
        texts = address.get(f"{_OF_VALUES}{parameter.name}")
        if texts is not None and (value := _read(parameter, texts)) is not _NO_SENSE:
            found[parameter.name] = {"kind": parameter.kind, "value": value}
    return found


_NO_SENSE = object()


def _read(parameter: Parameter, texts: list[str]) -> Any:  # noqa: ANN401
    """A value as a question carries it; an empty text is null."""
    if parameter.kind == "list":
        return [text for text in texts if text]
    text = texts[0] if texts else ""
    if not text:
        return None
    if parameter.kind == "yes":
        return _YES.get(text, _NO_SENSE)
    try:
        if parameter.kind == "day":
            return date.fromisoformat(text).isoformat()
        return float(text) if parameter.kind == "number" else text
    except ValueError:
        return _NO_SENSE


def _as_texts(value: Any) -> list[str]:  # noqa: ANN401
    if isinstance(value, list):
        return [str(one) for one in value]
    return ["" if value is None else str(value).lower() if isinstance(value, bool) else str(value)]


def _is_ours(name: str) -> bool:
    return name in _OF_QUESTIONS or name.startswith(_OF_VALUES)
