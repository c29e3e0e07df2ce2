from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.errors import MediaToolFailed
from jobs.media.ffmpeg import Ffmpeg
from jobs.media.probe import probe_video
from jobs.media.renditions import RenderedFile, render_renditions
from storage.models import RenditionKind
from tests.integration.media_clips import FFMPEG, MAX_BYTES, ffmpeg, make_clip, starts_fast

P480, P360, PREVIEW = RenditionKind.P480, RenditionKind.P360, RenditionKind.PREVIEW


def render(source: Path, folder: Path) -> dict[RenditionKind, RenderedFile]:
    return render_renditions(FFMPEG, source, probe_video(source, MAX_BYTES), folder)


def sizes(rendered: dict[RenditionKind, RenderedFile]) -> dict[RenditionKind, tuple[int, int]]:
    """Sizes as the files themselves tell them, all of which must be playable."""
    probed = {kind: probe_video(file.path, MAX_BYTES) for kind, file in rendered.items()}
    assert all(facts.plays_in_browsers for facts in probed.values())
    return {kind: (facts.width, facts.height) for kind, facts in probed.items()}


def count_runs(tmp_path: Path) -> Ffmpeg:
    """The real ffmpeg behind a script that leaves a line for each run."""
    script = tmp_path / "counting"
    script.write_text(f'#!/bin/sh\necho run >> {tmp_path}/runs\nexec "{FFMPEG.binary}" "$@"\n')
    script.chmod(0o700)
    return Ffmpeg(script)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("1280x720", {P480: (854, 480), P360: (640, 360), PREVIEW: (320, 180)}),
        ("720x1280", {P480: (480, 854), P360: (360, 640), PREVIEW: (320, 568)}),
        ("640x640", {P480: (480, 480), P360: (360, 360), PREVIEW: (320, 320)}),
        ("864x480", {P360: (648, 360), PREVIEW: (320, 178)}),
        ("640x360", {PREVIEW: (320, 180)}),
        ("240x180", {PREVIEW: (240, 180)}),
    ],
)
def test_renditions_have_their_sizes_and_none_is_larger_than_the_video(
    tmp_path: Path, size: str, expected: dict[RenditionKind, tuple[int, int]]
) -> None:
    source = make_clip(tmp_path / "source.mp4", size=size, seconds=0.5)

    rendered = render(source, tmp_path)

    assert sizes(rendered) == expected
    assert {kind: (file.width, file.height) for kind, file in rendered.items()} == expected


def test_renditions_are_described_for_the_record(tmp_path: Path) -> None:
    file = render(make_clip(tmp_path / "source.mp4"), tmp_path)[PREVIEW]

    assert file.content_type == "video/mp4"
    assert file.size_bytes == file.path.stat().st_size
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()


def test_all_renditions_start_fast_and_are_made_in_one_run(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", size="1280x720", seconds=0.5)

    rendered = render_renditions(
        count_runs(tmp_path), source, probe_video(source, MAX_BYTES), tmp_path
    )

    assert (tmp_path / "runs").read_text().split() == ["run"]
    assert len(rendered) == 3
    assert all(starts_fast(file.path) for file in rendered.values())


def test_preview_is_three_silent_seconds_at_twelve_pictures_a_second(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", seconds=4)

    facts = probe_video(render(source, tmp_path)[PREVIEW].path, MAX_BYTES)

    assert (facts.duration_s, facts.fps, facts.frames) == (Decimal(3), Decimal(12), 36)
    assert facts.audio_codec is None


@pytest.mark.parametrize("seconds", [0.04, 0.3])
def test_preview_of_a_very_short_video_is_all_of_it(tmp_path: Path, seconds: float) -> None:
    source = make_clip(tmp_path / "source.mp4", seconds=seconds, sound=False)

    facts = probe_video(render(source, tmp_path)[PREVIEW].path, MAX_BYTES)

    assert 1 <= facts.frames <= 4


def test_smaller_renditions_keep_length_and_rate(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", size="640x480", seconds=1.5)

    facts = probe_video(render(source, tmp_path)[P360].path, MAX_BYTES)

    assert (facts.frames, facts.fps) == (36, Decimal(24))


def test_aac_sound_is_copied_and_other_sound_encoded(tmp_path: Path) -> None:
    def sound_of(path: Path) -> bytes:
        raw = path.with_suffix(".adts")
        ffmpeg("-i", str(path), "-map", "0:a", "-c", "copy", "-f", "adts", str(raw))
        return raw.read_bytes()

    source = make_clip(tmp_path / "source.mp4", size="640x480")
    foreign = make_clip(tmp_path / "foreign.mkv", "-c:a", "libopus", size="640x480")

    assert sound_of(render(source, tmp_path)[P360].path) == sound_of(source)
    assert probe_video(render(foreign, tmp_path)[P360].path, MAX_BYTES).audio_codec == "aac"


def test_rotated_video_gives_upright_renditions(tmp_path: Path) -> None:
    lying = make_clip(tmp_path / "lying.mp4", size="854x480", seconds=0.5)
    source = tmp_path / "source.mp4"
    ffmpeg("-display_rotation", "90", "-i", str(lying), "-c", "copy", str(source))

    assert sizes(render(source, tmp_path)) == {P360: (360, 640), PREVIEW: (320, 570)}


def test_wide_pixels_become_square_ones(tmp_path: Path) -> None:
    stretch = ["-vf", "setsar=4/3", "-pix_fmt", "yuv420p"]
    source = make_clip(tmp_path / "source.mp4", *stretch, size="720x540", seconds=0.5)

    assert sizes(render(source, tmp_path))[P480] == (854, 480)


def test_run_beyond_its_time_is_a_tool_failure(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", size="640x480")

    with pytest.raises(MediaToolFailed, match="was ended"):
        render_renditions(FFMPEG, source, probe_video(source, MAX_BYTES), tmp_path, 0.001)


def test_ffmpeg_that_makes_nothing_is_a_tool_failure(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4")
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\nexit 0\n")
    idle.chmod(0o700)

    with pytest.raises(MediaToolFailed, match=r"made no preview\.mp4"):
        render_renditions(Ffmpeg(idle), source, probe_video(source, MAX_BYTES), tmp_path)
