"""Where the running services of a data folder answer, for the commands beside `studio up`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from storage.embedded.folder import DataFolder


class Endpoints(BaseModel):
    """Addresses of the running services, written by the owner of the data folder.

    An address is None when the service is not one of ours: then the settings name it.
    """

    model_config = ConfigDict(frozen=True)

    pid: int
    """The owner of the data folder."""
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    fal_base_url: str | None = None
    dashboard_url: str | None = None


def write_endpoints(folder: DataFolder, endpoints: Endpoints) -> None:
    """Write `endpoints.json` for this user only; a reader sees all of it or nothing.

    It holds passwords. The owner calls this when its services are up; `DataFolder.own` removes it.
    """
    plain = endpoints.model_dump() | {
        "database_url": _reveal(endpoints.database_url),
        "redis_url": _reveal(endpoints.redis_url),
    }
    fresh = folder.endpoints_file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(plain, file)
    fresh.replace(folder.endpoints_file)


def read_endpoints(path: Path) -> Endpoints | None:
    """The services of the data folder at `path`; None when no live owner has them up."""
    folder = DataFolder(path)
    owner = folder.owner()
    try:
        endpoints = Endpoints.model_validate_json(folder.endpoints_file.read_bytes())
    except FileNotFoundError:
        return None
    return endpoints if endpoints.pid == owner else None


def _reveal(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
