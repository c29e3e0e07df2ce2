import os
import tempfile
import time
from pathlib import Path

from jobs.temp_folders import LEFT_AFTER_S, remove_left_folders

LONG_AGO = time.time() - LEFT_AFTER_S - 60


def folder(parent: Path, prefix: str = "studio-", *, left: bool = True) -> Path:
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    (made / "fal.mp4.part").write_bytes(b"x")
    if left:
        for path in (made / "fal.mp4.part", made):
            os.utime(path, (LONG_AGO, LONG_AGO))
    return made


def test_what_a_dead_worker_left_is_removed(tmp_path: Path) -> None:
    left = folder(tmp_path)
    assert remove_left_folders(tmp_path) == 1
    assert not left.exists()


def test_a_folder_in_use_stays(tmp_path: Path) -> None:
    young = folder(tmp_path, left=False)
    growing = folder(tmp_path)
    os.utime(growing / "fal.mp4.part")
    assert remove_left_folders(tmp_path) == 0
    assert young.exists()
    assert growing.exists()


def test_folders_of_others_stay(tmp_path: Path) -> None:
    others = [folder(tmp_path, "studio-bench-"), folder(tmp_path, "other-")]
    link = tmp_path / "studio-aaaaaaaa"
    link.symlink_to(others[1])
    assert remove_left_folders(tmp_path) == 0
    assert all(path.exists() for path in [*others, link])
