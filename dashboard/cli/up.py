"""`studio up`: everything in one process tree, with whatever is not configured embedded."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click
from pydantic import SecretStr

from dashboard.cli.attached import local_url
from dashboard.cli.preparing import ensure_admin, new_link, prepare_record
from dashboard.cli.processes import environment_of
from storage.embedded.children import Supervisor
from storage.embedded.endpoints import Endpoints, write_endpoints
from storage.embedded.folder import DataFolder
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.server import Service, free_port, is_free
from storage.embedded.valkey import EmbeddedValkey
from storage.errors import ServiceError
from storage.logs import configure_logs
from storage.postgres import Database
from storage.records import people
from storage.settings import Settings, load_settings

STUDIO = (sys.executable, "-m", "dashboard.cli")


@click.command()
def up() -> None:
    """Start everything, print the address; Ctrl-C stops it.

    Postgres, Redis and fal are embedded unless DATABASE_URL, REDIS_URL or FAL_KEY say otherwise.
    """
    settings = load_settings()
    configure_logs("up", "WARNING")
    folder = DataFolder(settings.data_dir)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with folder.own(), ExitStack() as stack:
        _check_port(settings)
        supervisor = Supervisor()
        settings = _with_services(settings, folder, supervisor, stack)
        prepare_record(settings)
        _add_children(settings, folder, supervisor)
        supervisor.start(stop)
        if not stop.is_set():
            _announce(settings, folder)
            supervisor.run(stop)
        else:
            supervisor.stop()
        click.echo("\nStopped.")


def _with_services(
    settings: Settings, folder: DataFolder, supervisor: Supervisor, stack: ExitStack
) -> Settings:
    """Start the embedded servers that are needed; the settings with their addresses."""
    found: dict[str, object] = {"data_dir": folder.path}
    if settings.database_url is None:
        postgres = EmbeddedPostgres(
            folder.postgres, folder.log("postgres"), settings.postgres_bin_dir
        )
        stack.enter_context(_started(postgres, supervisor))
        found["database_url"] = postgres.url
    if settings.redis_url is None:
        valkey = EmbeddedValkey(folder.valkey, folder.log("valkey"))
        stack.enter_context(_started(valkey, supervisor))
        found["redis_url"] = valkey.url
    if settings.fal_key is None and settings.fal_base_url is None:
        port = settings.simulator_port or _simulator_port(folder)
        found["simulator_port"] = port
        found["fal_base_url"] = f"http://127.0.0.1:{port}"
    return settings.model_copy(update=found)


def _simulator_port(folder: DataFolder) -> int:
    """The port of the last start: requests under way are known by addresses that name it."""
    kept = folder.path / "simulator.port"
    port = int(kept.read_text()) if kept.exists() else free_port()
    if not is_free(port):
        port = free_port()
    kept.write_text(str(port))
    return port


@contextmanager
def _started(service: Service, supervisor: Supervisor) -> Iterator[None]:
    try:
        service.start()
        supervisor.watch(service)
        yield
    finally:
        service.stop()


def _add_children(settings: Settings, folder: DataFolder, supervisor: Supervisor) -> None:
    env = {**os.environ, **environment_of(settings), "PYTHONUNBUFFERED": "1"}

    def add(name: str, *words: str, ready: Callable[[], bool] | None = None) -> None:
        supervisor.add(name, [*STUDIO, *words], env=env, log=folder.log(name), ready=ready)

    healthy = [f"{local_url(settings)}/_stcore/health"]
    if settings.simulator_port is not None and settings.fal_base_url is not None:
        healthy.append(f"{settings.fal_base_url}/_simulator/health")
        add(
            "simulator",
            *("simulator", "--port", str(settings.simulator_port)),
            *("--folder", str(folder.path / "simulator")),
            *("--concurrency", str(settings.in_flight_limit)),
        )
    add("workers", "worker", "all")
    add("watcher", "watcher")
    # Last, so that all of them load side by side.
    add("dashboard", "dashboard", ready=lambda: all(_answers(url) for url in healthy))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 (our own http)
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _check_port(settings: Settings) -> None:
    """Say at once when another program has the dashboard's port, and which setting helps."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as exc:
            raise ServiceError(
                f"The dashboard can't listen on {settings.host}:{settings.port}: {exc.strerror}.",
                todo="Stop the program that uses it, or set STUDIO_PORT to another port.",
            ) from exc


def _announce(settings: Settings, folder: DataFolder) -> None:
    url = settings.public_url or local_url(settings)
    write_endpoints(
        folder,
        Endpoints(
            pid=os.getpid(),
            database_url=settings.database_url,
            redis_url=settings.redis_url,
            fal_base_url=settings.fal_base_url,
            dashboard_url=url,
        ),
    )
    with Database(_database_url(settings)) as database:
        first = ensure_admin(database)
        with database.as_service() as tx:
            admin = people.first_admin(tx)
        if admin is None:
            raise ServiceError("There is no administrator.")
        link = new_link(database, admin, url)
    click.secho(f"\nSeedance Studio is running at {url}", bold=True)
    if settings.uses_simulator:
        click.echo("Videos come from the simulator: no fal account is used, no money is spent.")
    click.echo(f"\nSign in once as {admin.email} with this link:\n  {link}")
    if first is not None:
        click.echo(
            f"\nThe administrator's password, shown only this once:\n"
            f"  {first.email}\n  {first.password}"
        )
    click.echo(f"\nData: {folder.path}   Logs: {folder.logs}   Ctrl-C stops it.")


def _database_url(settings: Settings) -> SecretStr:
    if settings.database_url is None:
        raise ServiceError("No database is running.")
    return settings.database_url
