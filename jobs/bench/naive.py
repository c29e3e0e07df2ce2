"""The pipeline that a first version has: each file in its own run of ffmpeg, one after the other.

The video is encoded anew for the web, then in three smaller sizes, then a thumbnail is taken; each
run decodes the whole source again. Nothing can be played before the first run has ended.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from jobs.media.ffmpeg import Ffmpeg, Stream, output, video_input

HEIGHTS_PX = (720, 480, 360)
_WEB: dict[str, object] = {"c:v": "libx264", "preset": "medium", "crf": 23}
_SMALLER: dict[str, object] = {"c:v": "libx264", "preset": "fast", "crf": 28}
_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Spent:
    """What a run of the pipeline took."""

    cpu_s: float
    wall_s: float
    first_s: float
    """Seconds until the first file was there."""


def run_naive_pipeline(source: Path, folder: Path) -> Spent:
    """Make all files of the video `source` in `folder`; nothing else may run in this process.

    Raises:
        MediaToolFailed: ffmpeg failed.
    """
    ffmpeg, began, cpu_began = Ffmpeg(), time.monotonic(), _children_cpu_s()
    first, *others = _steps(source, folder)
    ffmpeg.run(first, _TIMEOUT_S)
    first_s = time.monotonic() - began
    for step in others:
        ffmpeg.run(step, _TIMEOUT_S)
    return Spent(_children_cpu_s() - cpu_began, time.monotonic() - began, first_s)


def _steps(source: Path, folder: Path) -> list[Stream]:
    pictures = video_input(source)["V:0"]
    web = output([pictures], folder / "web.mp4", **_WEB, movflags="+faststart")
    smaller = [
        output([pictures.filter("scale", -2, height)], folder / f"{height}p.mp4", **_SMALLER)
        for height in HEIGHTS_PX
    ]
    thumbnail = output([pictures.filter("scale", 320, -2)], folder / "t.jpg", **{"frames:v": 1})
    return [web, *smaller, thumbnail]


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system
