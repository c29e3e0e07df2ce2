"""Real clips for the media tests, made by ffmpeg: small, short, and all with moving pictures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

from jobs.media.ffmpeg import Ffmpeg

FFMPEG = Ffmpeg()
MAX_BYTES = 50_000_000


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg with plain arguments, independently of the code under test."""
    binary = imageio_ffmpeg.get_ffmpeg_exe()
    command = [binary, "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True, timeout=60)


def make_clip(
    path: Path,
    *encoding: str,
    size: str = "320x240",
    seconds: float = 1.0,
    sound: bool = True,
) -> Path:
    """A clip of 24 pictures a second; H.264 in yuv420p with AAC unless `encoding` says more."""
    pictures = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=24:duration={seconds}"]
    tone = ["-f", "lavfi", "-i", f"sine=duration={seconds}"] if sound else []
    default = ["-pix_fmt", "yuv420p", "-preset", "ultrafast"]
    ffmpeg(*pictures, *tone, *(encoding or default), str(path))
    return path


def make_colours(path: Path, red_s: float, blue_s: float) -> Path:
    """A clip that is red for `red_s` seconds and then blue for `blue_s`."""
    parts = [f"color={name}:size=320x180:rate=24" for name in ("red", "blue")]
    inputs = ["-f", "lavfi", "-t", str(red_s), "-i", parts[0]]
    inputs += ["-f", "lavfi", "-t", str(blue_s), "-i", parts[1]]
    ffmpeg(*inputs, "-filter_complex", "concat=n=2:v=1", "-pix_fmt", "yuv420p", str(path))
    return path


def cut(whole: Path, target: Path, share: float) -> Path:
    """The first `share` of the bytes of `whole`."""
    content = whole.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    return target


def boxes(path: Path) -> list[str]:
    """The names of the top-level boxes of an mp4 in file order (ISO/IEC 14496-12, 4.2)."""
    content, at, names = path.read_bytes(), 0, []
    while at < len(content):
        names.append(content[at + 4 : at + 8].decode("ascii"))
        at += int.from_bytes(content[at : at + 4])
    return names


def starts_fast(path: Path) -> bool:
    """Whether the index of an mp4 lies before its pictures."""
    names = boxes(path)
    return names.index("moov") < names.index("mdat")
