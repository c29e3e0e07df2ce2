"""When a dashboard is killed, its sandboxes end, and the next start removes their folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from jobs.errors import WorkbenchBusy
from jobs.workbench.workplace import Workplace, remove_left_workplaces
from tests.integration.workbench.killed_owner_program import PIDS
from tests.integration.workbench.test_pool import gone, wait_until

PROGRAM = Path(__file__).with_name("killed_owner_program.py")


@pytest.fixture
def owner(lake: Path, teams: list[UUID], tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.getcwd()}
    words = [sys.executable, str(PROGRAM), str(lake), str(teams[0])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield process
        process.kill()


def test_sandboxes_end_with_a_killed_owner(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    assert owner.stdout is not None
    told = next(line for line in owner.stdout if line.startswith(PIDS))
    pids = [int(word) for word in told.split()[1:]]
    assert len(pids) == 2
    assert not any(map(gone, pids))
    assert remove_left_workplaces(tmp_path) == 0
    owner.kill()
    owner.wait()
    wait_until(lambda: all(map(gone, pids)))
    assert remove_left_workplaces(tmp_path) == 1
    assert os.listdir(tmp_path) == []


def test_a_workplace_in_use_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    workplace = Workplace()
    folder = workplace.new_folder()
    assert remove_left_workplaces() == 0
    assert folder.is_dir()
    workplace.remove()
    assert os.listdir(tmp_path) == []


def test_a_workplace_stays_in_the_folder_it_is_given(tmp_path: Path) -> None:
    parent = tmp_path / "data" / "workbench"
    workplace = Workplace(parent)
    assert workplace.new_folder().is_relative_to(parent)
    workplace.remove()
    assert os.listdir(parent) == []


def test_a_workplace_that_was_tidied_away_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    workplace = Workplace()
    shutil.rmtree(workplace.path)
    assert workplace.new_folder().is_dir()
    shutil.rmtree(workplace.path)
    workplace.remove()
    with pytest.raises(WorkbenchBusy):
        workplace.new_folder()


def test_folders_of_others_stay(tmp_path: Path) -> None:
    begun = tmp_path / "studio-workbench-begun"
    begun.mkdir()
    (tmp_path / "studio-workbench-link").symlink_to(begun)
    (tmp_path / "studio-aaaaaaaa").mkdir()
    assert remove_left_workplaces(tmp_path) == 0
    assert len(os.listdir(tmp_path)) == 3


def test_a_half_removed_workplace_goes_when_it_is_old(tmp_path: Path) -> None:
    old = tmp_path / "studio-workbench-old"
    old.mkdir()
    assert remove_left_workplaces(tmp_path) == 0
    os.utime(old, (0, 0))
    assert remove_left_workplaces(tmp_path) == 1
    assert not old.exists()
