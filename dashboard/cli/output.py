"""What commands print: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from decimal import Decimal
from uuid import UUID

import click

from storage.errors import StudioError


def show_problem(error: StudioError) -> None:
    """Tell a person what happened, what it cost and what to do."""
    click.secho(error.happened, fg="red", err=True)
    click.echo(error.cost, err=True)
    if error.todo:
        click.echo(error.todo, err=True)


def show_json(value: object) -> None:
    """Print one JSON object on one line."""
    click.echo(json.dumps(value, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID | timedelta):
        return str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
