"""One service each, for compose and for many machines."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from pydantic import AliasChoices, SecretStr

from dashboard.cli.attached import attached_settings
from storage.embedded.folder import DataFolder
from storage.logs import configure_logs
from storage.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]


@click.command()
def dashboard() -> None:
    """Serve the dashboard at STUDIO_HOST:STUDIO_PORT."""
    settings = attached_settings()
    os.chdir(ROOT)  # Streamlit finds .streamlit/config.toml in the working directory.
    argv = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "asgi.py")]
    options = {
        "--server.port": str(settings.port),
        "--server.address": settings.host,
        # Without it a headless start asks an outside service for our address.
        "--browser.serverAddress": settings.host,
    }
    os.execve(  # noqa: S606 (our own arguments, no shell)
        sys.executable,
        argv + [word for option in options.items() for word in option],
        {**os.environ, **environment_of(settings)},
    )


@click.command()
@click.argument("queue", type=click.Choice(["submit", "collect", "media", "all"]))
@click.option("--processes", type=click.IntRange(1, 64), help="Default: as the settings say.")
def worker(queue: str, processes: int | None) -> None:
    """Work for one queue (or all) until SIGTERM, in as many processes as the settings say."""
    from jobs.bells import Bell
    from jobs.worker_host import WorkerHost

    settings = attached_settings()
    configure_logs(f"worker {queue}", settings.log_level)
    wanted = list(Bell) if queue == "all" else [Bell(queue)]
    bells = [bell for bell in wanted for _ in range(processes or workers_for(settings, bell))]
    WorkerHost(settings, bells).run()


@click.command()
def watcher() -> None:
    """Follow generations at fal until SIGTERM; one leads, others stand by."""
    from jobs.watcher import run_watcher

    settings = attached_settings()
    configure_logs("watcher", settings.log_level)
    run_watcher(settings)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8600, show_default=True, type=int)
@click.option("--folder", type=click.Path(path_type=Path), help="Where it keeps its state.")
@click.option("--seconds", type=float, help="Seconds it takes to make a video.")
@click.option("--concurrency", default=10, show_default=True, help="Videos it makes at once.")
def simulator(
    host: str, port: int, folder: Path | None, seconds: float | None, concurrency: int
) -> None:
    """Serve fal's protocol without fal: the same answers, real MP4s, no money."""
    from jobs.fal.simulator.server import serve

    settings = load_settings()
    serve(
        folder or DataFolder(settings.data_dir).path / "simulator",
        host,
        port,
        settings.simulator_seconds if seconds is None else seconds,
        concurrency=concurrency,
        catalog_file=settings.catalog_file,
    )


@click.command()
def migrate() -> None:
    """Bring the database and the file store to today's shape. Safe to repeat."""
    from dashboard.cli.preparing import prepare_record

    settings = attached_settings()
    applied = prepare_record(settings)
    click.echo(f"{len(applied)} migrations applied." if applied else "Nothing to migrate.")


def workers_for(settings: Settings, bell: str) -> int:
    """How many processes work for a queue."""
    counts = {
        "submit": settings.submit_workers,
        "collect": settings.collect_workers,
        "media": settings.media_workers,
    }
    return counts[bell]


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment in which another process of ours finds the same settings.

    All that were set, because the process may start in a folder with another `.env`.
    """
    chosen = {name: getattr(settings, name) for name in settings.model_fields_set | {"data_dir"}}
    return {_variable(name): _plain(value) for name, value in chosen.items() if value is not None}


def _variable(field: str) -> str:
    alias = Settings.model_fields[field].validation_alias
    return str(alias.choices[0] if isinstance(alias, AliasChoices) else alias)


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value.absolute() if isinstance(value, Path) else value)
