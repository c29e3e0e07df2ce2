"""What a process loads: measured in a fresh interpreter, because lazy imports escape a linter."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import storage

REPORT = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
json.dump(sorted({name.partition(".")[0] for name in sys.modules}), sys.stdout)
"""
CELLAR = [
    module.name
    for module in pkgutil.walk_packages(storage.__path__, "storage.")
    if not module.name.endswith("__main__")
]


def loaded_by(*modules: str) -> set[str]:
    """Top-level packages that importing these loads."""
    found = subprocess.run(
        [sys.executable, "-c", REPORT, *modules], check=True, capture_output=True, text=True
    )
    return set(json.loads(found.stdout))


def test_only_pages_load_streamlit() -> None:
    loaded = loaded_by(
        "jobs.worker", "jobs.watcher", "jobs.tasks", "jobs.doctor", "dashboard.cli.main"
    )
    assert {"jobs", "dashboard"} <= loaded
    assert loaded.isdisjoint({"streamlit", "pandas", "pyarrow"})


def test_the_cellar_loads_no_tool_of_the_workshop() -> None:
    loaded = loaded_by(*CELLAR)
    assert {"storage", "psycopg", "pydantic"} <= loaded
    assert loaded.isdisjoint({"jobs", "dashboard", "rq", "fal_client", "ffmpeg"})


def test_the_rules_of_the_workshop_load_no_service() -> None:
    loaded = loaded_by("jobs.lifecycle", "jobs.pricing")
    assert loaded.isdisjoint({"psycopg", "redis", "rq", "httpx", "fal_client", "streamlit"})


def test_local_files_load_no_supabase() -> None:
    assert loaded_by("jobs.bootstrap").isdisjoint({"supabase", "storage3", "streamlit"})
