import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from storage.embedded.endpoints import Endpoints, read_endpoints, write_endpoints
from storage.embedded.folder import DataFolder
from storage.errors import DataFolderBusy, ServiceError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def endpoints(pid: int) -> Endpoints:
    return Endpoints(
        pid=pid,
        database_url=SecretStr("postgresql://studio:geheim@127.0.0.1:1/studio"),
        redis_url=SecretStr("redis://:geheim@127.0.0.1:2/0"),
        dashboard_url="http://127.0.0.1:8501",
    )


def test_folder_and_its_parts_are_for_this_user_only(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data")
    folder.prepare()
    parts = [folder.postgres, folder.valkey, folder.objects, folder.logs, folder.run]
    assert [mode(part) for part in (folder.path, *parts)] == [0o700] * 6


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ServiceError, match="can't be used"), DataFolder(tmp_path / "file").own():
        pass


def test_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    with first.own(), pytest.raises(DataFolderBusy) as told, second.own():
        pass
    assert told.value.pid == os.getpid()
    assert f"Another `studio up` (process {os.getpid()}) is using this data folder" in str(
        told.value
    )


def test_folder_is_free_again_after_a_clean_end_and_after_a_failure(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(RuntimeError), folder.own():
        raise RuntimeError
    with folder.own():
        assert folder.owner() == os.getpid()
    assert folder.owner() is None


def test_a_killed_owner_frees_the_folder(tmp_path: Path) -> None:
    program = (
        "import sys, signal; from pathlib import Path\n"
        "from storage.embedded.folder import DataFolder\n"
        "with DataFolder(Path(sys.argv[1])).own(): print('owned', flush=True); signal.pause()"
    )
    argv = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        assert DataFolder(tmp_path).owner() == owner.pid
        owner.kill()
    with DataFolder(tmp_path).own():
        assert DataFolder(tmp_path).owner() == os.getpid()


def test_children_do_not_inherit_the_ownership(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.own():
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        assert folder.owner() is None
    finally:
        child.kill()
        child.wait()


def test_asking_for_the_owner_makes_nothing(tmp_path: Path) -> None:
    assert DataFolder(tmp_path / "none").owner() is None
    assert read_endpoints(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()


def test_endpoints_come_back_with_their_passwords(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.own():
        write_endpoints(folder, endpoints(os.getpid()))
        assert read_endpoints(tmp_path) == endpoints(os.getpid())
        assert mode(folder.endpoints_file) == 0o600
    assert not folder.endpoints_file.exists()


def test_endpoints_written_twice_hold_the_last(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.own():
        write_endpoints(folder, Endpoints(pid=os.getpid()))
        write_endpoints(folder, endpoints(os.getpid()))
        assert read_endpoints(tmp_path) == endpoints(os.getpid())


def test_endpoints_of_a_dead_owner_are_not_used(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    write_endpoints(folder, endpoints(os.getpid()))
    assert read_endpoints(tmp_path) is None
    with folder.own():
        assert read_endpoints(tmp_path) is None


def test_passwords_are_not_in_a_repr() -> None:
    assert "geheim" not in repr(endpoints(1))
