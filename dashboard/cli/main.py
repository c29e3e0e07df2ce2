"""The `studio` command: one module per group of commands, loaded when it is called."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from dashboard.cli.output import show_problem
from storage.errors import StudioError

COMMANDS = {
    "up": ("dashboard.cli.up", "Start everything, print the address; Ctrl-C stops it."),
    "generate": ("dashboard.cli.generate", "Submit a generation, as the page does."),
    "dashboard": ("dashboard.cli.processes", "Serve the dashboard."),
    "worker": ("dashboard.cli.processes", "Work for one queue: submit, collect or media."),
    "watcher": ("dashboard.cli.processes", "Follow generations at fal."),
    "simulator": ("dashboard.cli.processes", "Serve fal's protocol without fal."),
    "migrate": ("dashboard.cli.processes", "Bring database and file store to today's shape."),
    "doctor": ("dashboard.cli.doctor", "Check every service and every invariant of the books."),
    "warehouse": ("dashboard.cli.warehouse", "Sync, rebuild and ask the DuckDB side."),
    "demo": ("dashboard.cli.demo", "Make a history up, to see the figures with."),
    "bench": ("dashboard.cli.bench", "Measure speed on this machine, against the simulator."),
    "user": ("dashboard.cli.people", "People and roles."),
}


class LazyGroup(click.Group):
    """Imports a command's module when it is called, so that `studio --help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name; None when there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table of commands, from the descriptions here rather than the modules."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(package_name="seedance-studio", prog_name="studio")
def studio() -> None:
    """Turn product images into marketing videos with Seedance, and account for every cent."""


def main() -> None:
    """Run the command line; a problem that we know is told in words, without a traceback."""
    try:
        studio(prog_name="studio")
    except StudioError as exc:
        show_problem(exc)
        sys.exit(1)
