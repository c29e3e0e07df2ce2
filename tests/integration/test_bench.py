import json
import os
import subprocess
import sys
from pathlib import Path
from signal import SIGTERM
from typing import Any

import psutil
import pytest

from storage.embedded.processes import wait_until
from tests.acceptance.browsing import chromium_program
from tests.integration.media_clips import make_clip

pytestmark = pytest.mark.timeout(400)

BENCH = [sys.executable, "-m", "dashboard.cli", "bench"]
TINY = ["lifecycle", "--generations", "3", "--in-flight", "2", "--seconds", "0.5"]
TINY += ["--workers", "1", "--clip", "2"]
LIFECYCLE_KEYS = {
    *("generations", "in_flight", "booked", "completed", "failed", "lost", "doubled"),
    *("open_holds", "overhead_p50_s", "overhead_p95_s", "in_flight_per_core"),
    *("baseline_in_flight_per_core", "watcher_cpu_cores", "mb_per_generation"),
}
GALLERY_KEYS = {
    *("first_page_ms", "deep_page_ms", "filter_ms", "search_ms", "offset_deep_page_ms"),
}


WAREHOUSE_KEYS = {
    *("rows", "report_p95_ms", "adhoc_p95_ms", "report_ratio", "adhoc_ratio", "refresh_ms"),
    *("rebuild_s", "peak_mb", "reports"),
}


def run(tmp_path: Path, *words: str) -> str:
    """What a bench prints; its temporary folder is made in `tmp_path`."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([*BENCH, *words], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_bench(tmp_path: Path) -> list[psutil.Process]:
    """Processes that have the folder in their command line or work in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(tmp_path) in " ".join([*process.cmdline(), process.cwd()]):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_submits_are_counted_and_each_has_its_hold(tmp_path: Path) -> None:
    found: dict[str, Any] = json.loads(run(tmp_path, "submit", "--generations", "8", "--json"))
    assert (found["submits"], found["queued"], found["open_holds"]) == (8, 8, 8)
    assert found["submits_per_s"] > 0
    assert found["baseline_submits_per_s"] > 0
    assert list(tmp_path.iterdir()) == []


def test_files_of_a_video_are_compared_with_the_naive_ones(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size="860x484", seconds=0.5)
    words = ["media", "--source", str(clip), "--runs", "1", "--json"]
    found: dict[str, Any] = json.loads(run(tmp_path, *words))
    assert found["cpu_ratio"] > 0
    assert min(found["cpu_s"], found["wall_s"], found["baseline_wall_s"]) > 0
    assert found["vmaf"].keys() == {"web", "480p", "360p"}
    for name in ("480p", "360p"):
        assert found["baseline_vmaf"]["web"] > found["vmaf"][name] > 0
        assert 0 < found["ssim"][name] < found["ssim"]["web"] <= 1
    assert list(tmp_path.iterdir()) == [clip]


def test_every_generation_comes_through_once_and_is_measured(tmp_path: Path) -> None:
    found: dict[str, Any] = json.loads(run(tmp_path, *TINY, "--json"))
    assert found.keys() >= LIFECYCLE_KEYS
    assert (found["generations"], found["booked"], found["completed"]) == (3, 3, 3)
    assert found["failed"] == found["lost"] == found["doubled"] == found["open_holds"] == 0
    assert 0 < found["overhead_p50_s"] <= found["overhead_p95_s"]
    assert 1 <= found["in_flight_peak"] <= 2
    assert min(found["in_flight_per_core"], found["mb_per_generation"]) > 0
    assert found["levels"][0]["baseline_in_flight_per_core"] > 0
    assert list(tmp_path.iterdir()) == []
    assert of_bench(tmp_path) == []


def test_the_gallery_is_measured_for_both_readers(tmp_path: Path) -> None:
    found: dict[str, Any] = json.loads(run(tmp_path, "gallery", "--videos", "2000", "--json"))
    assert found["videos"] == 2000
    for figures in (found, found["member"]):
        assert figures.keys() >= GALLERY_KEYS
        assert all(figures[key] > 0 for key in GALLERY_KEYS)
    assert list(tmp_path.iterdir()) == []
    assert of_bench(tmp_path) == []


def test_the_warehouse_is_measured_beside_postgres(tmp_path: Path) -> None:
    words = ("warehouse", "--rows", "1000", "--times", "1", "--readers", "2", "--json")
    found: dict[str, Any] = json.loads(run(tmp_path, *words))
    assert found.keys() >= WAREHOUSE_KEYS
    assert found["rows"] == found["rebuilt_generations"] == 1000
    assert found["refreshed_rows"] > 0
    assert found["refused"] == []
    assert found["reports"]["costs_totals"]["postgres_ms"] > 0
    assert all(figures["postgres_ms"] > 0 for figures in found["adhoc"].values())
    assert all(figures["2_readers_ms"] > 0 for figures in found["adhoc"].values())
    assert list(tmp_path.iterdir()) == []
    assert of_bench(tmp_path) == []


def test_pages_are_measured_for_many_sessions_and_in_chromium(tmp_path: Path) -> None:
    chromium_program()
    words = ["--sessions", "2", "--seconds", "0.1", "--generations", "500", "--role", "manager"]
    words += ["--page", "costs", "--chromium", "--times", "1", "--json"]
    found: dict[str, Any] = json.loads(run(tmp_path, "pages", *words))
    assert (found["sessions"], found["generations"]) == (2, 500)
    assert found["runs_per_s"].keys() == found["drawn"].keys() == {"costs"}
    assert min(*found["runs_per_s"].values(), *found["baseline_runs_per_s"].values()) > 0
    assert min(found["drawn"]["costs"].values()) > 0
    assert list(tmp_path.iterdir()) == []
    assert of_bench(tmp_path) == []


def test_a_page_that_the_role_does_not_have_is_named() -> None:
    words = [*BENCH, "pages", "--role", "analyst", "--page", "budgets"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "budgets: no page of this role" in done.stderr


def test_a_bench_that_is_ended_leaves_neither_processes_nor_files(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([*BENCH, *TINY], env=env, stdout=subprocess.DEVNULL) as bench:
        assert wait_until(lambda: any(tmp_path.glob("*/studio/logs/watcher.log")), 120)
        bench.send_signal(SIGTERM)
        assert bench.wait(120) == 143
    assert list(tmp_path.iterdir()) == []
    # What was ended is there until its parent, which may be busy, has noticed.
    assert wait_until(lambda: of_bench(tmp_path) == [], 60)
