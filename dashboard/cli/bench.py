"""`studio bench`: what the studio can do on this machine, beside what a plain client can."""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Collection
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from dashboard.cli.output import show_json
from dashboard.cli.processes import environment_of
from storage.logs import configure_logs
from storage.models import Role

STUDIO = (sys.executable, "-m", "dashboard.cli")
CHAOS_GENERATIONS = 1000


@click.group()
def bench() -> None:
    """Measure speed. Everything runs in a temporary folder, against the simulator, for no money."""
    configure_logs("bench", "ERROR")
    # Else the servers and the folder would stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@bench.command()
@click.option("--generations", type=click.IntRange(1, 100_000), default=300, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def submit(generations: int, as_json: bool) -> None:
    """Submits a second: checked, priced, held and queued."""
    from jobs.bench.isolation import isolated_folder
    from jobs.bench.submits import measure_submits

    with isolated_folder() as folder:
        found = measure_submits(folder, generations)
    if as_json:
        show_json(found)
    else:
        show_table([found])


@bench.command()
@click.option(
    "--in-flight",
    "levels",
    type=click.IntRange(1, 5000),
    multiple=True,
    default=(1, 100),
    show_default=True,
    help="Generations at fal at once; may be given several times.",
)
@click.option("--generations", type=click.IntRange(1, 100_000), help="Default: as many as at once.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    help="What fal takes for a video. Default: 4, or half a second for each in flight.",
)
@click.option("--workers", type=click.IntRange(1, 64), help="For each queue. Default: as settings.")
@click.option(
    "--renditions/--no-renditions",
    default=True,
    show_default=True,
    help="Whether the smaller renditions are made meanwhile.",
)
@click.option(
    "--clip",
    "video_s",
    type=click.IntRange(2, 12),
    default=5,
    show_default=True,
    help="Length of the videos in seconds.",
)
@click.option(
    "--chaos",
    is_flag=True,
    help="Kill everything instead of measuring, and count what is lost or doubled.",
)
@click.option("--seed", type=int, help="With --chaos: what dies when. Default: by chance.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def lifecycle(
    levels: tuple[int, ...],
    as_json: bool,
    chaos: bool,
    seed: int | None,
    **choices: Any,  # noqa: ANN401
) -> None:
    """From submit to playable, beyond fal's own time. Takes about four times fal's time a level.

    The JSON object has the figures of the last level, and those of all of them in `levels`.

    With --chaos only --generations (1000 unless told), --seed and --json count: the exit code is 1
    when something was lost, doubled or left open, and `problems` says what.
    """
    if chaos:
        break_everything(choices["generations"] or CHAOS_GENERATIONS, seed, as_json=as_json)
        return
    from jobs.bench.isolation import isolated_folder
    from jobs.bench.lifecycles import Level, measure_level
    from jobs.bench.studio import Commands

    commands, found = Commands(STUDIO, environment_of), []
    for in_flight in levels:
        with isolated_folder() as folder:
            found.append(measure_level(folder, Level(in_flight, **choices), commands))
    if as_json:
        show_json({**found[-1], "levels": found})
    else:
        show_table(found)


@bench.command()
@click.option(
    "--clip",
    "clip_s",
    type=click.IntRange(1, 60),
    default=5,
    show_default=True,
    help="Length of the synthetic clip in seconds.",
)
@click.option("--source", type=click.Path(path_type=Path, exists=True), help="A video instead.")
@click.option("--runs", type=click.IntRange(1, 20), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def media(clip_s: int, source: Path | None, runs: int, as_json: bool) -> None:
    """All files of one video: CPU, wall, size, VMAF and SSIM, beside five plain runs."""
    from jobs.bench.isolation import isolated_folder
    from jobs.bench.media import measure_media

    video = source.resolve() if source else None
    with isolated_folder() as folder:
        found = measure_media(folder, clip_s, runs, video)
    if as_json:
        show_json(found)
    else:
        show_table([found])


@bench.command()
@click.option(
    "--videos", type=click.IntRange(1000, 10_000_000), default=1_000_000, show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gallery(videos: int, as_json: bool) -> None:
    """Pages, filters and searches of the gallery, beside offset paging. A million take minutes."""
    from jobs.bench.gallery import measure_gallery
    from jobs.bench.isolation import isolated_folder

    with isolated_folder() as folder:
        found = measure_gallery(folder, videos)
    if as_json:
        show_json(found)
    else:
        show_table([found])


@bench.command()
@click.option("--rows", type=click.IntRange(1000, 20_000_000), default=200_000, show_default=True)
@click.option("--postgres/--no-postgres", "beside_postgres", default=True, show_default=True)
@click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(1, 3600),
    default=40.0,
    show_default=True,
    help="Seconds until a question to Postgres is given up, and counts as so long.",
)
@click.option(
    "--times",
    type=click.IntRange(1, 100),
    default=7,
    show_default=True,
    help="How often each question is asked again, and a refresh measured.",
)
@click.option(
    "--readers",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="How many then ask each question at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def warehouse(rows: int, as_json: bool, **choices: Any) -> None:  # noqa: ANN401
    """Standing reports, scans and refreshes over so many generations, beside Postgres.

    A million take minutes and 5 GB of disk, ten million half an hour and 45 GB with Postgres.
    """
    from jobs.bench.isolation import isolated_folder
    from jobs.bench.warehouse import measure_warehouse

    configure_logs("bench")  # it takes long: what is known is logged as it comes
    with isolated_folder() as folder:
        found = measure_warehouse(folder, rows, **choices)
    if as_json:
        show_json(found)
        return
    show_table(
        [{name: value for name, value in found.items() if not isinstance(value, dict | list)}]
    )
    for asked in (found["reports"], found["details"], found["adhoc"]):
        for name, figures in asked.items():
            click.echo(name)
            show_table([figures])


@bench.command()
@click.option("--sessions", type=click.IntRange(1, 200), default=20, show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 600),
    default=8,
    show_default=True,
    help="For each page, and again for the baseline.",
)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ADMIN.value,
    show_default=True,
    help="Whose pages.",
)
@click.option("--page", "names", multiple=True, help="Only this page; may be given several times.")
@click.option(
    "--generations",
    type=click.IntRange(1, 100_000_000),
    default=20_000,
    show_default=True,
    help="Length of the history behind the figures.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How often each page is measured; the best counts.",
)
@click.option("--chromium", "in_chromium", is_flag=True, help="Draw each page in Chromium, too.")
@click.option(
    "--times",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="With --chromium: how often each page is gone back to, and loaded anew.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def pages(
    sessions: int,
    seconds: float,
    role: str,
    names: tuple[str, ...],
    generations: int,
    rounds: int,
    in_chromium: bool,
    times: int,
    as_json: bool,
) -> None:
    """Runs of each page a second for many who click at once, beside Streamlit's own settings."""
    from jobs.bench.isolation import isolated_folder

    # By name, as commands are: no other one loads Streamlit, whose protocol it speaks.
    bench_pages = import_module("dashboard.bench_pages")
    draws = times if in_chromium else 0
    visits = bench_pages.Visits(
        sessions, seconds, Role(role), generations, pages=names, draws=draws, rounds=rounds
    )
    _check_names(names, visits.queries())
    with isolated_folder() as folder:
        found = bench_pages.measure_pages(folder, visits)
    if as_json:
        show_json(found)
    else:
        show_table([found])


def _check_names(names: Collection[str], there: Collection[str]) -> None:
    if strange := [name for name in names if name not in there]:
        raise click.UsageError(
            f"{', '.join(strange)}: no page of this role. There are {', '.join(there)}."
        )


def break_everything(generations: int, seed: int | None, *, as_json: bool) -> None:
    """Put generations through a studio that is killed everywhere; exits with 1 when it matters."""
    from jobs.bench.chaos import Chaos, run_chaos
    from jobs.bench.isolation import isolated_folder

    chosen = secrets.randbelow(2**31) if seed is None else seed
    click.echo(f"Seed {chosen}", err=True)
    with isolated_folder() as folder:
        found = run_chaos(folder, Chaos.lasting(generations, chosen), environment_of)
    if as_json:
        show_json(found)
    else:
        show_table([{name: value for name, value in found.items() if name != "problems"}])
        for problem in found["problems"]:
            click.echo(problem)
    if found["problems"]:
        sys.exit(1)


def show_table(columns: list[dict[str, Any]]) -> None:
    """One line for each figure, one column for each measurement."""
    for name, value in columns[0].items():
        names = [f"{name}.{part}" for part in value] if isinstance(value, dict) else [name]
        for line in names:
            values = "".join(f"{_shown(column, line):>14}" for column in columns)
            click.echo(f"{line:>32}{values}")


def _shown(column: dict[str, Any], line: str) -> str:
    value: Any = column
    for part in line.split("."):
        value = value.get(part)
    return "-" if value is None else f"{value:,}"
