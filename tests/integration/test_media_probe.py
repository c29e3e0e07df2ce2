from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.errors import BrokenVideo, MediaTooLarge
from jobs.media.probe import probe_video
from tests.integration.media_clips import MAX_BYTES, cut, ffmpeg, make_clip


def test_clip_for_browsers_is_described_exactly(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", seconds=1.5)

    facts = probe_video(clip, MAX_BYTES)

    assert (facts.width, facts.height, facts.frames) == (320, 240, 36)
    assert (facts.fps, facts.video_codec) == (Decimal(24), "h264")
    assert (facts.pixel_format, facts.audio_codec) == ("yuv420p", "aac")
    assert abs(facts.duration_s - Decimal("1.5")) < Decimal("0.1")
    assert facts.size_bytes == clip.stat().st_size
    assert facts.plays_in_browsers


def test_silent_clip_has_no_audio_codec_and_plays(tmp_path: Path) -> None:
    facts = probe_video(make_clip(tmp_path / "clip.mp4", sound=False), MAX_BYTES)

    assert facts.audio_codec is None
    assert facts.plays_in_browsers


@pytest.mark.parametrize(
    ("name", "encoding", "codec", "pixels", "audio"),
    [
        ("a.webm", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime", "vp9", "yuv420p", "opus"),
        ("a.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=0", "hevc", None, "aac"),
        ("a.mp4", "-c:v mpeg4", "mpeg4", "yuv420p", "aac"),
        ("a.mp4", "-preset ultrafast -pix_fmt yuv420p10le", "h264", "yuv420p10le", "aac"),
        ("a.mp4", "-preset ultrafast -pix_fmt yuv420p -c:a libmp3lame", "h264", "yuv420p", "mp3"),
    ],
)
def test_foreign_codecs_are_named_and_need_encoding(
    tmp_path: Path, name: str, encoding: str, codec: str, pixels: str | None, audio: str
) -> None:
    clip = make_clip(tmp_path / name, *encoding.split())

    facts = probe_video(clip, MAX_BYTES)

    assert (facts.video_codec, facts.audio_codec) == (codec, audio)
    assert pixels in (None, facts.pixel_format)
    assert not facts.streams_play_in_browsers


@pytest.mark.parametrize(("name", "container"), [("a.mkv", "matroska,webm"), ("a.mov", "mov")])
def test_other_container_needs_no_encoding_but_does_not_play_yet(
    tmp_path: Path, name: str, container: str
) -> None:
    facts = probe_video(make_clip(tmp_path / name, "-pix_fmt", "yuv420p", "-c:a", "aac"), MAX_BYTES)

    assert facts.container == container
    assert facts.streams_play_in_browsers
    assert not facts.plays_in_browsers


@pytest.mark.parametrize("degrees", [90, -90, 270])
def test_rotated_clip_is_measured_as_shown(tmp_path: Path, degrees: int) -> None:
    upright = make_clip(tmp_path / "upright.mp4", size="320x180")
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", str(degrees), "-i", str(upright), "-c", "copy", str(turned))

    facts = probe_video(turned, MAX_BYTES)

    assert (facts.width, facts.height) == (180, 320)


def test_wide_pixels_are_measured_as_shown(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", "-vf", "setsar=4/3", "-pix_fmt", "yuv420p", size="240x180")

    facts = probe_video(clip, MAX_BYTES)

    assert (facts.width, facts.height) == (320, 180)


def test_one_single_picture_is_a_video(tmp_path: Path) -> None:
    facts = probe_video(make_clip(tmp_path / "a.mp4", seconds=0.04, sound=False), MAX_BYTES)

    assert facts.frames == 1
    assert facts.duration_s > 0


@pytest.mark.parametrize("content", [b"", b"<html>not a video</html>", b"\0" * 5000])
def test_other_file_is_a_broken_video(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)

    with pytest.raises(BrokenVideo):
        probe_video(tmp_path / "a.mp4", MAX_BYTES)


@pytest.mark.parametrize("code", [b"avc1", b"sowt"])
def test_format_that_nobody_knows_is_broken(tmp_path: Path, code: bytes) -> None:
    clip = make_clip(tmp_path / "a.mov", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le")
    content = clip.read_bytes()
    at = content.rindex(code)  # names the format in the index, which is last
    clip.write_bytes(content[:at] + b"????" + content[at + 4 :])

    with pytest.raises(BrokenVideo, match="unknown format"):
        probe_video(clip, MAX_BYTES)


def test_missing_file_is_a_broken_video(tmp_path: Path) -> None:
    with pytest.raises(BrokenVideo, match="no file"):
        probe_video(tmp_path / "a.mp4", MAX_BYTES)


def test_picture_and_sound_alone_are_no_videos(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2", "-frames:v", "1", "-f", "image2", f"{tmp_path}/a.png")
    (tmp_path / "a.png").rename(tmp_path / "picture.mp4")
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", f"{tmp_path}/sound.mp4")

    for name in ("picture.mp4", "sound.mp4"):
        with pytest.raises(BrokenVideo):
            probe_video(tmp_path / name, MAX_BYTES)


@pytest.mark.parametrize("share", [0.6, 0.8])
@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("index_last.mp4", "-pix_fmt yuv420p -preset ultrafast"),
        ("index_first.mp4", "-pix_fmt yuv420p -preset ultrafast -movflags +faststart"),
        ("fragments.mp4", "-pix_fmt yuv420p -preset ultrafast -g 12 -movflags +frag_keyframe"),
        ("a.webm", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime"),
    ],
)
def test_file_that_was_cut_short_is_broken(
    tmp_path: Path, name: str, encoding: str, share: float
) -> None:
    whole = make_clip(tmp_path / name, *encoding.split(), seconds=3)
    probe_video(whole, MAX_BYTES)

    with pytest.raises(BrokenVideo):
        probe_video(cut(whole, tmp_path / f"cut_{name}", share), MAX_BYTES)


def test_end_overwritten_with_zeros_is_broken(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "a.mp4", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    content = whole.read_bytes()
    kept = len(content) * 2 // 3
    whole.write_bytes(content[:kept] + bytes(len(content) - kept))

    with pytest.raises(BrokenVideo):
        probe_video(whole, MAX_BYTES)


def test_playlist_posing_as_a_video_is_broken(tmp_path: Path) -> None:
    make_clip(tmp_path / "private.ts", "-c:v", "mpeg2video")
    trap = tmp_path / "trap.mp4"
    trap.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nprivate.ts\n#EXT-X-ENDLIST\n")

    with pytest.raises(BrokenVideo):
        probe_video(trap, MAX_BYTES)


def test_file_beyond_the_limit_is_too_large(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")

    with pytest.raises(MediaTooLarge, match="limit is"):
        probe_video(clip, clip.stat().st_size - 1)


def test_gigantic_pictures_in_a_small_file_are_too_large(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", size="8208x16", seconds=0.1)

    with pytest.raises(MediaTooLarge, match="8208"):
        probe_video(clip, MAX_BYTES)


def test_endless_pictures_in_a_small_file_are_too_large(tmp_path: Path) -> None:
    slow = "testsrc2=size=32x32:rate=1/100:duration=700"
    ffmpeg("-f", "lavfi", "-i", slow, "-pix_fmt", "yuv420p", f"{tmp_path}/a.mp4")

    with pytest.raises(MediaTooLarge, match="700 s"):
        probe_video(tmp_path / "a.mp4", MAX_BYTES)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    damage=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=64))
    )
)
def test_damaged_file_is_described_or_refused_but_nothing_else(
    tmp_path: Path, damage: list[tuple[float, bytes]]
) -> None:
    clip = tmp_path / "a.mp4"
    if not clip.exists():
        make_clip(clip, "-pix_fmt", "yuv420p", "-movflags", "+faststart", seconds=0.3)
    content = bytearray(clip.read_bytes())
    for where, replacement in damage:
        at = int(where * len(content))
        content[at : at + len(replacement)] = replacement
    (tmp_path / "damaged.mp4").write_bytes(content)

    try:
        facts = probe_video(tmp_path / "damaged.mp4", MAX_BYTES)
    except (BrokenVideo, MediaTooLarge):
        return
    assert facts.width > 0
    assert facts.duration_s > 0
