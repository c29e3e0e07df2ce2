import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.bench.isolation import isolated_folder
from jobs.bench.usage import cpu_s, memory_mb
from storage.settings import load_settings

BURN_S = 0.3
BURN = f"import time\nwhile time.process_time() < {BURN_S}: pass\n"
BURN_IN_A_CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\n"
HOLD_50_MB = "kept = bytearray(b'x' * 50_000_000)\n"
TELL_AND_WAIT = "print('done', flush=True)\ninput()\n"
LEAST_S = 0.25
"""The kernel counts in hundredths, and rounds each of several counts down."""
NOBODY = 2**22 + 1
"""Above the kernel's largest process id."""


@contextmanager
def python(script: str) -> Iterator[int]:
    """A process that has done what the script says and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", script + TELL_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"done\n"
        yield process.pid
        process.kill()


def test_the_time_of_a_process_is_counted() -> None:
    with python(BURN) as pid:
        assert cpu_s([pid]) >= LEAST_S


def test_the_time_of_children_that_have_ended_is_counted() -> None:
    with python(BURN_IN_A_CHILD) as pid:
        assert cpu_s([pid]) >= LEAST_S


def test_a_process_below_another_is_counted_once() -> None:
    with python(BURN) as pid:
        mine, both = cpu_s([os.getpid()]), cpu_s([os.getpid(), pid])
    assert both < mine + BURN_S


def test_memory_grows_by_what_is_held() -> None:
    with python("") as small, python(HOLD_50_MB) as large:
        assert 40 < memory_mb([large]) - memory_mb([small]) < 60


def test_a_process_that_is_gone_uses_nothing() -> None:
    assert (cpu_s([NOBODY]), memory_mb([NOBODY])) == (0, 0)


def test_no_setting_of_the_user_reaches_a_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", "a real key")
    monkeypatch.setenv("SUPABASE_URL", "https://project.supabase.co")
    with isolated_folder():
        settings = load_settings()
        assert (settings.fal_key, settings.supabase_url) == (None, None)
    assert os.environ["FAL_KEY"] == "a real key"


def test_a_benchmark_leaves_no_folder_and_returns_where_it_came_from() -> None:
    before = Path.cwd()
    with isolated_folder() as folder:
        (folder / "file").touch()
        assert Path.cwd() == folder.resolve()
    assert not folder.exists()
    assert Path.cwd() == before
