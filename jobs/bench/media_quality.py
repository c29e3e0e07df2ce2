"""How close a file comes to its source: VMAF and SSIM, by ffmpeg's own filters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.media.ffmpeg import Ffmpeg, Stream, compared, nothing, video_input

_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Quality:
    """Means over all pictures, against the source at the source's size."""

    vmaf: float
    """0 to 100; six points are what most people just see (Netflix, VMAF, frequently asked)."""
    ssim: float
    """0 to 1, of all three planes."""


def measure_quality(ffmpeg: Ffmpeg, file: Path, source: Path, size: tuple[int, int]) -> Quality:
    """Compare `file` with `source`, whose `size` is width and height in pixels.

    The smaller file is enlarged first, as a player on a large screen does (libvmaf, FFmpeg
    Filters Documentation: both inputs need the same size).

    Raises:
        MediaToolFailed: ffmpeg failed.
    """
    log = file.with_suffix(".vmaf.json")
    enlarged = video_input(file)["V:0"].filter("scale", *size, flags="bicubic")
    original = video_input(source)["V:0"]
    scored = compared(
        _from_zero(enlarged),
        _from_zero(original),
        "libvmaf",
        log_fmt="json",
        log_path=str(log),
        feature="name=float_ssim",
        n_threads=2,
    )
    ffmpeg.run(nothing(scored), _TIMEOUT_S)
    pooled: dict[str, Any] = json.loads(log.read_text())["pooled_metrics"]
    return Quality(round(pooled["vmaf"]["mean"], 1), round(pooled["float_ssim"]["mean"], 4))


def _from_zero(pictures: Stream) -> Stream:
    """Both begin at the same moment and have square pixels, else pictures are paired wrongly."""
    return pictures.filter("setpts", "PTS-STARTPTS").filter("setsar", 1)
