"""`studio doctor`: every service and every invariant, one line each."""

from __future__ import annotations

import sys

import click

from dashboard.cli.attached import attached_services
from dashboard.cli.output import show_json
from jobs.checks import Check
from jobs.doctor import examine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(as_json: bool) -> None:
    """Check every service and every invariant of the books; non-zero if one fails."""
    with attached_services() as services:
        checks = examine(services)
    ok = all(check.ok for check in checks)
    if as_json:
        show_json(
            {
                "ok": ok,
                "checks": [
                    {"name": c.name, "ok": c.ok, "warning": c.warning, "problems": c.problems}
                    for c in checks
                ],
            }
        )
    else:
        for check in checks:
            _show(check)
    sys.exit(0 if ok else 1)


def _show(check: Check) -> None:
    word, colour = ("ok", "green") if not check.problems else ("FAIL", "red")
    if check.warning and check.problems:
        word, colour = "look", "yellow"
    click.echo(f"{click.style(f'{word:>4}', fg=colour)}  {check.name}")
    for problem in check.problems:
        click.echo(f"      {problem}")
