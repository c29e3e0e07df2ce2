"""The services that a command beside `studio up` talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.bootstrap import Services, opened_services
from storage.embedded.endpoints import Endpoints, read_endpoints
from storage.embedded.folder import DataFolder
from storage.errors import SettingsError
from storage.logs import configure_logs
from storage.settings import Settings, load_settings


def attached_settings() -> Settings:
    """The settings, completed by the addresses of a running `studio up`.

    Raises:
        SettingsError: an address is neither set nor is a `studio up` running.
    """
    settings = load_settings()
    settings = settings.model_copy(update={"data_dir": DataFolder(settings.data_dir).path})
    endpoints = read_endpoints(settings.data_dir)
    if endpoints is not None:
        settings = settings.model_copy(update=_missing(settings, endpoints))
    if settings.database_url is None or settings.redis_url is None:
        raise SettingsError(
            f"No studio is running in {settings.data_dir}.",
            todo="Start it with `studio up`, or set DATABASE_URL and REDIS_URL.",
        )
    return settings


@contextmanager
def attached_services() -> Iterator[Services]:
    """The services of `attached_settings`, with logging for a terminal."""
    settings = attached_settings()
    configure_logs("cli", "WARNING")
    with opened_services(settings) as services:
        yield services


def local_url(settings: Settings) -> str:
    """Where the dashboard answers on this machine."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}"


def _missing(settings: Settings, endpoints: Endpoints) -> dict[str, object]:
    """What the running studio adds; what is set by hand stays."""
    found: dict[str, object] = {}
    if settings.database_url is None:
        found["database_url"] = endpoints.database_url
    if settings.redis_url is None:
        found["redis_url"] = endpoints.redis_url
    if settings.uses_simulator and settings.fal_base_url is None:
        found["fal_base_url"] = endpoints.fal_base_url
    return found
