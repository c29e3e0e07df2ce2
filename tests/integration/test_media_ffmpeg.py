from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import ffmpeg as graphs
import psutil
import pytest

from jobs.errors import MediaToolFailed
from jobs.media.ffmpeg import Ffmpeg, Stream, output, video_input
from tests.integration.media_clips import FFMPEG, make_clip

DEADLINE_S = 20.0


class StoppedByTheWorker(Exception):
    """Stands for whatever a worker raises into a running job."""


def endless(target: Path) -> Stream:
    """A graph that runs at the speed of a clock and never ends."""
    source = graphs.input("testsrc2=size=64x64", f="lavfi", re=None)
    return output([source], target, f="null")


def children_writing(target: Path) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and str(target) in child.cmdline()
    ]


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def test_bundled_ffmpeg_tells_its_version() -> None:
    assert any(character.isdigit() for character in FFMPEG.version())


def test_graph_that_never_ends_is_ended_at_the_timeout(tmp_path: Path) -> None:
    with pytest.raises(MediaToolFailed, match=r"more than 0\.5 s"):
        FFMPEG.run(endless(tmp_path / "out"), timeout_s=0.5)

    assert children_writing(tmp_path / "out") == []


def test_exception_raised_into_a_run_ends_ffmpeg(tmp_path: Path) -> None:
    def interrupt() -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not children_writing(tmp_path / "out") and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)

    def stop(_number: int, _frame: object) -> None:
        raise StoppedByTheWorker

    before = signal.signal(signal.SIGUSR1, stop)
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(StoppedByTheWorker):
            FFMPEG.run(endless(tmp_path / "out"), timeout_s=DEADLINE_S)
    finally:
        thread.join()
        signal.signal(signal.SIGUSR1, before)

    assert children_writing(tmp_path / "out") == []


def test_failure_carries_the_end_of_what_ffmpeg_printed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    stream = output([video_input(clip)["V:0"]], tmp_path / "out.mp4", **{"c:v": "no_such_codec"})

    with pytest.raises(MediaToolFailed, match="exit code") as failure:
        FFMPEG.run(stream, timeout_s=30)

    assert "no_such_codec" in failure.value.detail


def test_missing_binary_is_a_tool_failure(tmp_path: Path) -> None:
    with pytest.raises(MediaToolFailed, match="can't be run"):
        Ffmpeg(tmp_path / "nowhere").version()
    with pytest.raises(MediaToolFailed, match="can't be run"):
        Ffmpeg(tmp_path / "nowhere").run(endless(tmp_path / "out"), timeout_s=5)


def test_binary_that_is_not_ffmpeg_is_a_tool_failure(tmp_path: Path) -> None:
    with pytest.raises(MediaToolFailed, match="does not answer like ffmpeg"):
        Ffmpeg(script(tmp_path / "other", "echo I am a teapot")).version()


def test_ffmpeg_gets_a_cpu_limit_in_case_its_worker_is_killed(tmp_path: Path) -> None:
    parrot = script(tmp_path / "parrot", 'echo "$@" >&2; exit 1')

    with pytest.raises(MediaToolFailed) as failure:
        Ffmpeg(parrot).run(endless(tmp_path / "out"), timeout_s=2.5)

    assert f"-timelimit {3 * (os.cpu_count() or 1)} " in failure.value.detail


def test_playlist_posing_as_a_video_is_not_followed(tmp_path: Path) -> None:
    make_clip(tmp_path / "private.ts", "-c:v", "mpeg2video")
    trap = tmp_path / "trap.mp4"
    trap.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nprivate.ts\n#EXT-X-ENDLIST\n")

    with pytest.raises(MediaToolFailed):
        FFMPEG.run(output([video_input(trap)["V:0"]], tmp_path / "out.mp4"), timeout_s=30)
