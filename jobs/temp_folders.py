"""Working folders that dead workers left on this machine."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

LEFT_AFTER_S = 6 * 3600
"""A step takes minutes; a folder that nothing was written to for hours is nobody's."""
_NAME = re.compile(r"studio-[a-z0-9_]{8}")
"""What `TemporaryDirectory(prefix="studio-")` makes; other folders of ours differ."""


def remove_left_folders(parent: Path | None = None) -> int:
    """Remove working folders of steps whose process is gone; how many.

    `parent` is where they are (None: this machine's folder for temporary files). Only real folders
    of this user are touched.
    """
    parent = parent or Path(tempfile.gettempdir())
    left = [Path(entry.path) for entry in os.scandir(parent) if _is_left(entry)]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
        log.info("working folder of a dead worker removed", name=folder.name)
    return len(left)


def _is_left(entry: os.DirEntry[str]) -> bool:
    if not _NAME.fullmatch(entry.name) or not entry.is_dir(follow_symlinks=False):
        return False
    try:
        if entry.stat(follow_symlinks=False).st_uid != os.getuid():
            return False
        times = [path.lstat().st_mtime for path in (Path(entry.path), *Path(entry.path).rglob("*"))]
    except OSError:  # gone, or changing: somebody is at work in it
        return False
    return max(times) < time.time() - LEFT_AFTER_S
