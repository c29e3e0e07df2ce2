"""`studio demo`: a made-up history to see the figures with."""

from __future__ import annotations

import click

from dashboard.cli.output import show_json
from jobs.bootstrap import DEMO
from jobs.demo import remove_demo, write_demo
from storage.embedded.folder import DataFolder
from storage.settings import load_settings


@click.command()
@click.option(
    "--generations", type=click.IntRange(100, 20_000_000), default=100_000, show_default=True
)
@click.option("--months", type=click.IntRange(1, 60), default=24, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True)
@click.option("--remove", is_flag=True, help="Remove it instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def demo(generations: int, months: int, seed: int, remove: bool, as_json: bool) -> None:
    """Make a history up and show it beside the real figures, or remove it.

    It lies in a lake of its own, marked as a demo: nothing of it is ever in the record, in a budget
    or in the real figures.
    """
    settings = load_settings()
    settings = settings.model_copy(update={"data_dir": DataFolder(settings.data_dir).path})
    folder = settings.warehouse_folder / DEMO
    if remove:
        there = remove_demo(folder)
        _say({"removed": there}, "Removed." if there else "There is none.", as_json=as_json)
        return
    written = write_demo(
        folder,
        generations=generations,
        months=months,
        seed=seed,
        time_zone=settings.time_zone,
    )
    found = {name: written.rows(name) for name in ("generations", "charges", "events", "people")}
    size_mb = sum(file.bytes for files in written.relations.values() for file in files) / 1e6
    words = f"{found['generations']:,} made-up generations of {found['people']} people are there. "
    words += "The pages of figures show them with the switch “Demo history”."
    _say({**found, "months": months, "seed": seed, "mb": round(size_mb, 1)}, words, as_json=as_json)


def _say(found: dict[str, object], words: str, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        click.echo(words)
