"""What all files of a video cost: our two runs of ffmpeg beside the naive five."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.bench.figures import ratio, rounded
from jobs.bench.media_quality import Quality, measure_quality
from jobs.bench.naive import Spent, run_naive_pipeline
from jobs.media.collect import prepare_video
from jobs.media.ffmpeg import Ffmpeg, compared, generated, output
from jobs.media.probe import VideoFacts, probe_video
from jobs.media.renditions import render_renditions

SIZE = (1280, 720)
PICTURES_PER_S = 24
_TIMEOUT_S = 300.0
_MAX_BYTES = 1 << 30

Files = dict[str, Path]


@dataclass(frozen=True)
class Made:
    """The files of one pipeline and what they took."""

    files: Files
    """By rendition."""
    spent: Spent


def measure_media(folder: Path, clip_s: int, runs: int, source: Path | None) -> dict[str, Any]:
    """Make all files of one clip both ways, `runs` times in turn; the least of each counts.

    `source` None: a synthetic clip of `clip_s` seconds in 720p that is hard to encode. The other
    load of a machine only ever adds, so the least is what comes nearest to the thing itself.

    Raises:
        BrokenVideo: `source` is not a playable video.
        MediaToolFailed: ffmpeg failed.
    """
    ffmpeg = Ffmpeg()
    clip = source or _hard_clip(ffmpeg, folder / "source.mp4", clip_s)
    facts = probe_video(clip, _MAX_BYTES)
    ours, theirs = [], []
    for run in range(runs):
        ours.append(_ours(ffmpeg, clip, _folder(folder, f"ours-{run}")))
        theirs.append(_theirs(clip, _folder(folder, f"naive-{run}")))
    return _figures(ffmpeg, clip, facts, (_least(ours), _least(theirs)))


def _hard_clip(ffmpeg: Ffmpeg, path: Path, clip_s: int) -> Path:
    """Moving test pictures over a fractal, at a quality that leaves little to lose, with sound."""
    at = {"size": f"{SIZE[0]}x{SIZE[1]}", "rate": PICTURES_PER_S}
    pictures = generated("testsrc2", duration=clip_s, **at).filter("format", "yuv420p")
    fractal = generated("mandelbrot", end_scale=0.01, **at).filter("format", "yuv420p")
    blended = compared(pictures, fractal, "blend", all_mode="average", shortest=1)
    encoding = {"c:v": "libx264", "crf": 18, "preset": "fast", "c:a": "aac", "pix_fmt": "yuv420p"}
    sound = generated("sine", duration=clip_s, frequency=330)
    ffmpeg.run(output([blended, sound], path, t=clip_s, **encoding), _TIMEOUT_S)
    return path


def _folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


def _ours(ffmpeg: Ffmpeg, clip: Path, folder: Path) -> Made:
    began = time.monotonic()
    cpu_began = _cpu_s()
    prepared = prepare_video(ffmpeg, clip, folder, max_bytes=_MAX_BYTES)
    playable_s = time.monotonic() - began
    rendered = render_renditions(ffmpeg, prepared.web, prepared.facts, folder)
    spent = Spent(_cpu_s() - cpu_began, time.monotonic() - began, playable_s)
    smaller = {kind.value: file.path for kind, file in rendered.items()}
    return Made({"web": prepared.web, **smaller, "poster": prepared.poster}, spent)


def _theirs(clip: Path, folder: Path) -> Made:
    spent = run_naive_pipeline(clip, folder)
    smaller = {f"{height}p": folder / f"{height}p.mp4" for height in (720, 480, 360)}
    files = {"web": folder / "web.mp4", **smaller, "poster": folder / "t.jpg"}
    return Made(files, spent)


def _cpu_s() -> float:
    """CPU of this process, which probes, and of the ffmpegs that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _least(all_made: list[Made]) -> Made:
    return min(all_made, key=lambda made: made.spent.cpu_s)


def _figures(
    ffmpeg: Ffmpeg, clip: Path, facts: VideoFacts, made: tuple[Made, Made]
) -> dict[str, Any]:
    ours, theirs = made
    found: dict[str, Any] = {
        "clip_s": float(facts.duration_s),
        "source_kib": _kib(clip),
        "cpu_s": rounded(ours.spent.cpu_s),
        "baseline_cpu_s": rounded(theirs.spent.cpu_s),
        "cpu_ratio": rounded(ratio(theirs.spent.cpu_s, ours.spent.cpu_s), 2),
        "wall_s": rounded(ours.spent.wall_s),
        "baseline_wall_s": rounded(theirs.spent.wall_s),
        "playable_s": rounded(ours.spent.first_s),
        "baseline_playable_s": rounded(theirs.spent.first_s),
    }
    for prefix, one in (("", ours), ("baseline_", theirs)):
        scores = _scores(ffmpeg, clip, facts, one.files)
        found[f"{prefix}vmaf"] = {name: score.vmaf for name, score in scores.items()}
        found[f"{prefix}ssim"] = {name: score.ssim for name, score in scores.items()}
        found[f"{prefix}kib"] = {name: _kib(path) for name, path in one.files.items()}
    return found


def _scores(ffmpeg: Ffmpeg, clip: Path, facts: VideoFacts, files: Files) -> dict[str, Quality]:
    """Of the files that show every picture; poster and preview do not."""
    whole = {name: path for name, path in files.items() if name not in ("poster", "preview")}
    size = (facts.width, facts.height)
    return {name: measure_quality(ffmpeg, path, clip, size) for name, path in whole.items()}


def _kib(path: Path) -> int:
    return round(path.stat().st_size / 1024)
