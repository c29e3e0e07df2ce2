from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from jobs.errors import BrokenVideo, MediaTooLarge, MediaToolFailed
from jobs.media.collect import prepare_video
from jobs.media.probe import probe_video
from tests.integration.media_clips import (
    FFMPEG,
    MAX_BYTES,
    cut,
    ffmpeg,
    make_clip,
    make_colours,
    starts_fast,
)


def dominant(poster: Path) -> str:
    with Image.open(poster) as image:
        red, _, blue = image.convert("RGB").resize((1, 1)).tobytes()
    return "red" if red > blue else "blue"


def stream_bytes(path: Path, tmp_path: Path) -> bytes:
    raw = tmp_path / f"{path.stem}.h264"
    ffmpeg("-i", str(path), "-map", "0:v", "-c", "copy", "-f", "h264", str(raw))
    return raw.read_bytes()


@pytest.mark.parametrize("name", ["source.mp4", "source.mov", "source.mkv"])
def test_pictures_that_browsers_play_are_copied_bit_by_bit(tmp_path: Path, name: str) -> None:
    source = make_clip(tmp_path / name, "-pix_fmt", "yuv420p", "-c:a", "aac")

    prepared = prepare_video(FFMPEG, source, tmp_path)

    assert stream_bytes(prepared.web, tmp_path) == stream_bytes(source, tmp_path)
    assert starts_fast(prepared.web)
    assert probe_video(prepared.web, MAX_BYTES) == prepared.facts
    assert prepared.facts.plays_in_browsers


def test_prepared_video_is_described_for_the_record(tmp_path: Path) -> None:
    prepared = prepare_video(FFMPEG, make_clip(tmp_path / "source.mp4"), tmp_path)

    web, poster = prepared.web_file, prepared.poster_file
    assert prepared.sha256 == web.sha256 == hashlib.sha256(web.path.read_bytes()).hexdigest()
    assert (web.size_bytes, web.content_type) == (web.path.stat().st_size, "video/mp4")
    assert (web.width, web.height) == (poster.width, poster.height) == (320, 240)
    assert poster.content_type == "image/jpeg"
    assert poster.size_bytes == prepared.poster.stat().st_size


def test_silent_video_stays_silent(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", sound=False)

    assert prepare_video(FFMPEG, source, tmp_path).facts.audio_codec is None


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("source.webm", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime"),
        ("source.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=0"),
        ("source.mp4", "-c:v mpeg4"),
        ("source.mp4", "-preset ultrafast -pix_fmt yuv420p10le"),
        ("source.mp4", "-preset ultrafast -pix_fmt yuv444p"),
        ("source.mov", "-preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le"),
    ],
)
def test_what_browsers_do_not_play_is_encoded(tmp_path: Path, name: str, encoding: str) -> None:
    source = make_clip(tmp_path / name, *encoding.split())

    prepared = prepare_video(FFMPEG, source, tmp_path)

    assert probe_video(prepared.web, MAX_BYTES).plays_in_browsers
    assert starts_fast(prepared.web)
    assert (prepared.facts.width, prepared.facts.height) == (320, 240)
    assert prepared.facts.audio_codec == "aac"


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_shown_as_bright_as_it_was_meant(tmp_path: Path, transfer: str) -> None:
    source = tmp_path / "source.mp4"
    white = "color=white:size=320x240:rate=24:duration=1"
    # 203 cd/m² is where HDR puts the white of ordinary screens (ITU-R BT.2408).
    coded = f"zscale=tin=bt709:min=bt709:pin=bt709:rin=tv:t={transfer}:m=2020_ncl:p=2020:npl=203"
    ffmpeg(*f"-f lavfi -i {white} -vf {coded},format=yuv420p10le -c:v libx265".split(),
           *f"-x265-params log-level=0 -color_trc {transfer} {source}".split())  # fmt: skip

    prepared = prepare_video(FFMPEG, source, tmp_path)

    assert probe_video(source, MAX_BYTES).high_dynamic_range
    assert not prepared.facts.high_dynamic_range
    with Image.open(prepared.poster) as poster:
        assert ImageStat.Stat(poster.convert("L")).mean[0] >= 200


def test_pictures_at_uneven_times_stay_at_their_times(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    uneven = "testsrc2=size=320x240:rate=24:duration=2,select='lt(t,1)+not(mod(n,6))'"
    ffmpeg("-f", "lavfi", "-i", uneven, *["-fps_mode", "vfr", "-c:v", "mpeg4"], str(source))

    prepared = prepare_video(FFMPEG, source, tmp_path)

    assert prepared.facts.frames == probe_video(source, MAX_BYTES).frames == 28
    assert abs(prepared.facts.duration_s - 2) < 1


def test_odd_sides_become_even_and_never_larger(tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "source.mp4", "-preset", "ultrafast", "-pix_fmt", "yuv444p", size="163x121"
    )

    prepared = prepare_video(FFMPEG, source, tmp_path)

    assert (prepared.facts.width, prepared.facts.height) == (162, 120)


@pytest.mark.parametrize("encoding", ["-pix_fmt yuv420p", "-pix_fmt yuv420p10le"])
def test_rotated_video_and_its_poster_are_upright(tmp_path: Path, encoding: str) -> None:
    lying = make_clip(tmp_path / "lying.mp4", *encoding.split(), size="320x180")
    source = tmp_path / "source.mp4"
    ffmpeg("-display_rotation", "90", "-i", str(lying), "-c", "copy", str(source))

    prepared = prepare_video(FFMPEG, source, tmp_path)

    shown = probe_video(prepared.web, MAX_BYTES)
    assert (shown.width, shown.height) == (180, 320)
    with Image.open(prepared.poster) as poster:
        assert poster.size == (180, 320)


def test_poster_shows_the_picture_at_one_second(tmp_path: Path) -> None:
    source = make_colours(tmp_path / "source.mp4", red_s=0.8, blue_s=0.8)

    assert dominant(prepare_video(FFMPEG, source, tmp_path).poster) == "blue"


def test_poster_of_a_shorter_video_shows_its_first_picture(tmp_path: Path) -> None:
    source = make_colours(tmp_path / "source.mp4", red_s=0.1, blue_s=0.2)

    assert dominant(prepare_video(FFMPEG, source, tmp_path).poster) == "red"


def test_pictures_that_end_before_the_sound_leave_a_poster(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "short.mp4", seconds=0.3, sound=False)
    longer = tmp_path / "source.mp4"
    sound = ["-f", "lavfi", "-i", "sine=duration=2"]
    ffmpeg("-i", str(source), *sound, "-c:v", "copy", "-c:a", "aac", str(longer))

    prepared = prepare_video(FFMPEG, longer, tmp_path)

    assert prepared.poster_file.size_bytes > 0
    assert prepared.facts.duration_s >= 2


def test_poster_is_at_most_640_wide_in_the_ratio_of_the_video(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", size="1280x544", seconds=0.2)

    with Image.open(prepare_video(FFMPEG, source, tmp_path).poster) as poster:
        assert poster.format == "JPEG"
        assert poster.size == (640, 272)


def test_broken_video_leaves_no_files(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
    folder = tmp_path / "folder"
    folder.mkdir()

    with pytest.raises(BrokenVideo):
        prepare_video(FFMPEG, cut(whole, tmp_path / "cut.mp4", 0.6), folder)

    assert list(folder.iterdir()) == []


def test_limits_of_size_and_time_are_kept(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "source.mp4", "-c:v", "mpeg4")

    with pytest.raises(MediaTooLarge):
        prepare_video(FFMPEG, source, tmp_path, max_bytes=100)
    with pytest.raises(MediaToolFailed, match="was ended"):
        prepare_video(FFMPEG, source, tmp_path, timeout_s=0.001)
