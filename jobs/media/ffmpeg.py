"""The one place that builds ffmpeg graphs and runs ffmpeg.

`ffmpeg-python` has no types and ffmpeg has no errors but its exit code: both are mapped here, so
the rest of the room works with `Stream`, `video_input`, `split`, `output` and `MediaToolFailed`.
"""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import ffmpeg
import imageio_ffmpeg

from jobs.errors import MediaToolFailed
from storage.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

READABLE_FORMATS = "mov,matroska"
"""Demuxers that may open a file (libavformat's names; webm is part of matroska, mp4 of mov).

A playlist named `.mp4` would otherwise make ffmpeg read other files and addresses.
"""

VERSION_TIMEOUT_S = 20.0
"""A cold 170 MB binary on a busy disk takes seconds to answer."""

DETAIL_CHARACTERS = 2000
"""How much of the end of stderr an error keeps: enough for the reason, small enough for a row."""

_GLOBAL_OPTIONS = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y"]


class Stream(Protocol):
    """A stream in a graph of `ffmpeg-python`."""

    def __getitem__(self, selector: str) -> Stream:
        """The part that an ffmpeg stream specifier names, `"V:0"` or `"a:0"`."""

    def filter(self, name: str, *args: object, **kwargs: object) -> Stream:
        """This stream sent through the ffmpeg filter `name`."""


def video_input(path: Path, threads: int | None = None) -> Stream:
    """The video file `path` as the input of a graph; only a real video container is opened.

    `threads` decode it; None: one for each core.
    """
    chosen = {} if threads is None else {"threads": threads}
    stream = ffmpeg.input(
        os.fspath(path), format_whitelist=READABLE_FORMATS, protocol_whitelist="file", **chosen
    )
    return cast("Stream", stream)


def generated(source: str, **options: object) -> Stream:
    """Pictures or sound out of nothing, by the source filter of that name ("testsrc2", "sine")."""
    settings = ":".join(f"{name}={value}" for name, value in options.items())
    return cast("Stream", ffmpeg.input(f"{source}={settings}", f="lavfi"))


def compared(first: Stream, second: Stream, name: str, **options: object) -> Stream:
    """Two streams sent together through the filter `name`, such as `"blend"` or `"libvmaf"`."""
    return cast("Stream", ffmpeg.filter([first, second], name, **options))


def split(stream: Stream, count: int) -> list[Stream]:
    """The same pictures `count` times, decoded once."""
    branches = ffmpeg.filter_multi_output(stream, "split", count)
    return [cast("Stream", branches.stream(index)) for index in range(count)]


def resized(stream: Stream, size: tuple[int, int]) -> Stream:
    """The pictures at exactly `size`, width and height, with square pixels.

    Lanczos keeps edges that ffmpeg's usual filter softens: one to two VMAF points for a twentieth
    of the CPU of a small rendition.
    """
    return stream.filter("scale", *size, flags="lanczos").filter("setsar", 1)


def for_ordinary_screens(stream: Stream) -> Stream:
    """HDR pictures in the colours and the brightness of ordinary screens (BT.709).

    Tone mapping needs linear light, 100 candela per square metre being its 1 (FFmpeg Filters
    Documentation, `tonemap`).
    """
    linear = stream.filter("zscale", transfer="linear", npl=100).filter("format", "gbrpf32le")
    mapped = linear.filter("zscale", primaries="bt709").filter("tonemap", "mobius", desat=0)
    coded = mapped.filter("zscale", transfer="bt709", matrix="bt709", range="tv")
    return coded.filter("format", "yuv420p")


def output(streams: Sequence[Stream], path: Path, **options: object) -> Stream:
    """A file `path` made of `streams`; `options` are ffmpeg's own, without the dash.

    An option whose name has a colon is given as `**{"c:v": "copy"}`; None stands for no value.
    """
    return cast("Stream", ffmpeg.output(*streams, os.fspath(path), **options))


def nothing(stream: Stream) -> Stream:
    """The stream worked through to its end, and kept nowhere."""
    return cast("Stream", ffmpeg.output(stream, "-", f="null"))


def together(outputs: Sequence[Stream]) -> Stream:
    """Several outputs made in one run."""
    return cast("Stream", ffmpeg.merge_outputs(*outputs))


class Ffmpeg:
    """An ffmpeg binary.

    `binary` None takes the one that ships with imageio-ffmpeg, else the one on the PATH.

    Raises:
        SettingsError: there is none.
    """

    def __init__(self, binary: Path | None = None) -> None:
        self.binary = os.fspath(binary) if binary else _bundled_binary()

    def version(self) -> str:
        """The version as the binary tells it, such as `n9.0.2`.

        Raises:
            MediaToolFailed: it can't be run.
        """
        with _mapped_errors(self.binary, VERSION_TIMEOUT_S):
            answer = subprocess.run(
                [self.binary, "-version"],
                capture_output=True,
                check=True,
                timeout=VERSION_TIMEOUT_S,
                stdin=subprocess.DEVNULL,
            )
        words = answer.stdout.decode(errors="replace").split(maxsplit=3)
        if words[:2] != ["ffmpeg", "version"]:
            raise MediaToolFailed(f"{self.binary} does not answer like ffmpeg.")
        return words[2]

    def run(self, stream: Stream, timeout_s: float) -> None:
        """Run a graph to its end. Files at the outputs' paths are overwritten.

        ffmpeg stays in the caller's process group, so that whoever kills the worker's group kills
        it too; it is ended when the call leaves, however it leaves.

        Raises:
            MediaToolFailed: ffmpeg can't be started, failed, or took more than `timeout_s`.
        """
        command = [self.binary, *_GLOBAL_OPTIONS, "-timelimit", str(_cpu_limit_s(timeout_s))]
        with _mapped_errors(self.binary, timeout_s):
            process = ffmpeg.run_async(stream, cmd=command, quiet=True)
            with _ended(process):
                _, stderr = process.communicate(timeout=timeout_s)
            if process.returncode != 0:
                raise subprocess.CalledProcessError(process.returncode, self.binary, stderr=stderr)


def _bundled_binary() -> str:
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as exc:
        raise SettingsError(
            "There is no ffmpeg.", todo="Install ffmpeg, or set STUDIO_FFMPEG_BIN to its path."
        ) from exc


def _cpu_limit_s(timeout_s: float) -> int:
    """CPU seconds after which ffmpeg ends itself, should its worker be killed before it.

    No run can use more within `timeout_s`, so the limit never cuts a healthy one.
    """
    return math.ceil(timeout_s) * (os.cpu_count() or 1)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave with the process gone and its pipes closed."""
    with process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _mapped_errors(binary: str, timeout_s: float) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise MediaToolFailed(f"{binary} can't be run.", detail=str(exc)) from exc
    except subprocess.TimeoutExpired as exc:
        raise MediaToolFailed(
            f"ffmpeg took more than {timeout_s:g} s and was ended.", detail=_end_of(exc.stderr)
        ) from exc
    except subprocess.CalledProcessError as exc:
        raise MediaToolFailed(
            f"ffmpeg failed with exit code {exc.returncode}.", detail=_end_of(exc.stderr)
        ) from exc


def _end_of(printed: bytes | None) -> str:
    return (printed or b"").decode(errors="replace").strip()[-DETAIL_CHARACTERS:]
