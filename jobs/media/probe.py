"""What a video file really is, found out by reading all of it and decoding its ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from jobs.errors import BrokenVideo, MediaTooLarge
from jobs.media.ffmpeg import READABLE_FORMATS

MAX_SIDE_PX = 8192
"""A tiny file can announce gigantic pictures; four times 1080p is more than any model makes."""

MAX_DURATION_S = 600
"""Models make clips of seconds; encoding more than ten minutes would block a worker for long."""

MISSING_END_S = Fraction(1, 2)
"""Streams of a whole file end within this much of the announced duration."""

_HDR_TRANSFERS = (16, 18)
"""PQ and HLG (ITU-T H.273, table 3: TransferCharacteristics)."""

_DECODER_OPTIONS = {"skip_loop_filter": "all"}
"""Whether pictures decode does not depend on their smoothing, which costs a sixth of the time."""


@dataclass(frozen=True)
class VideoFacts:
    """What a video is, as it is shown: rotation and pixel shape applied."""

    width: int
    """Pixels."""
    height: int
    duration_s: Decimal
    """In steps of a millisecond."""
    fps: Decimal
    """Frames per second, on average."""
    video_codec: str
    """libavcodec's name, such as `h264`, `hevc`, `vp9`."""
    pixel_format: str
    """libavutil's name, such as `yuv420p`."""
    high_dynamic_range: bool
    """Whether brightness is coded for HDR screens (PQ or HLG); others show it grey and flat."""
    audio_codec: str | None
    """None when there is no sound."""
    frames: int
    size_bytes: int
    container: str
    """`mp4`, `mov`, or libavformat's name of another container."""

    @property
    def streams_play_in_browsers(self) -> bool:
        """Whether pictures and sound need no encoding, at most another container."""
        return (
            self.video_codec == "h264"
            and self.pixel_format == "yuv420p"
            and not self.high_dynamic_range
            and self.audio_codec in (None, "aac")
        )

    @property
    def plays_in_browsers(self) -> bool:
        """Whether any current browser plays the file: H.264 in yuv420p, AAC or no sound, mp4."""
        return self.streams_play_in_browsers and self.container == "mp4"


@dataclass
class _Reading:
    """What went by while every packet was read. Times are in seconds, key times in time base."""

    frames: int = 0
    end_s: Fraction = Fraction(0)
    damaged: bool = False
    first_key: int | None = None
    last_key: int | None = None

    def take(self, packet: Packet[Stream], video: VideoStream, start_s: Fraction) -> None:
        self.damaged = self.damaged or packet.is_corrupt
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None and packet.time_base is not None:
            end_s = (time + (packet.duration or 0)) * packet.time_base - start_s
            self.end_s = max(self.end_s, end_s)
        if packet.stream_index == video.index:
            self._take_picture(packet)

    def _take_picture(self, packet: Packet[Stream]) -> None:
        self.frames += 1
        if packet.is_keyframe:
            self.last_key = packet.dts if packet.dts is not None else packet.pts
            if self.first_key is None:
                self.first_key = self.last_key


def probe_video(path: Path, max_bytes: int) -> VideoFacts:
    """Check that `path` is a playable video and tell what it is.

    Every packet is read, the first picture and the last group of pictures are decoded: a file
    that was cut short, or overwritten at either end, is found out.

    Raises:
        BrokenVideo: it is not a video, is cut short, has no duration, or does not decode.
        MediaTooLarge: it has more than `max_bytes`, or its pictures or duration are beyond reason.
    """
    size_bytes = _checked_size(path, max_bytes)
    options = {"format_whitelist": READABLE_FORMATS}
    with _mapped_errors(), av.open(str(path), mode="r", options=options) as file:
        video = _first_video(file)
        video_codec = _codec_name(video)
        audio_codec = next(map(_codec_name, file.streams.audio), None)
        _check_picture(video)
        # More threads are done sooner and cost half as much again: workers run beside each other.
        video.codec_context.thread_count = 1
        video.codec_context.options = _DECODER_OPTIONS
        reading = _read_everything(file, video)
        duration_s = _checked_duration(file, video, reading)
        width, height = _shown_size(video, _decode_ends(file, video, reading))
        return VideoFacts(
            width=width,
            height=height,
            duration_s=_thousandths(duration_s),
            fps=_thousandths(_frame_rate(video, reading, duration_s)),
            video_codec=video_codec,
            pixel_format=video.pix_fmt or "",
            high_dynamic_range=video.codec_context.color_trc in _HDR_TRANSFERS,
            audio_codec=audio_codec,
            frames=reading.frames,
            size_bytes=size_bytes,
            container=_container(file),
        )


def _checked_size(path: Path, max_bytes: int) -> int:
    if not path.is_file():
        raise BrokenVideo(f"There is no file {path.name}.")
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise BrokenVideo("The video file is empty.")
    if size_bytes > max_bytes:
        raise MediaTooLarge(f"The video has {size_bytes:,} bytes; the limit is {max_bytes:,}.")
    return size_bytes


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as exc:
        raise BrokenVideo(f"The file is not a playable video: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        # PyAV reads the names inside a container as strict UTF-8.
        raise BrokenVideo("The file is not a playable video: its labels are damaged.") from exc


def _first_video(file: InputContainer) -> VideoStream:
    for stream in file.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise BrokenVideo("The file has no moving pictures.")


def _codec_name(stream: VideoStream | AudioStream) -> str:
    # PyAV's types do not say so: the context is None when libavcodec has no decoder.
    if stream.codec_context is None:
        raise BrokenVideo(f"The {stream.type} of the file is in an unknown format.")
    return stream.codec_context.codec.canonical_name


def _check_picture(video: VideoStream) -> None:
    width, height = video.codec_context.width, video.codec_context.height
    if not width or not height or not video.pix_fmt:
        raise BrokenVideo("The file does not say what its pictures look like.")
    _check_sides(width, height)


def _check_sides(width: int, height: int) -> None:
    if max(width, height) > MAX_SIDE_PX:
        raise MediaTooLarge(
            f"The pictures are {width} × {height} pixels; the limit is {MAX_SIDE_PX}."
        )


def _read_everything(file: InputContainer, video: VideoStream) -> _Reading:
    start_s = Fraction(file.start_time or 0, av.time_base)
    reading = _Reading()
    for packet in file.demux():
        if packet.size:  # the last packet of each stream is an empty end mark
            reading.take(packet, video, start_s)
    return reading


def _checked_duration(file: InputContainer, video: VideoStream, reading: _Reading) -> Fraction:
    """The duration in seconds, of a file that has all of its packets."""
    announced_s = Fraction(file.duration or 0, av.time_base)
    if reading.frames == 0 or reading.first_key is None:
        raise BrokenVideo("The file has no picture to start from.")
    if (
        reading.damaged
        or reading.frames < len(video.index_entries)
        or reading.end_s < announced_s - MISSING_END_S
    ):
        raise BrokenVideo("The video file is cut short: a part of it is missing.")
    duration_s = announced_s or reading.end_s
    if duration_s <= 0:
        raise BrokenVideo("The video has no duration.")
    if duration_s > MAX_DURATION_S:
        raise MediaTooLarge(
            f"The video is {float(duration_s):.0f} s long; the limit is {MAX_DURATION_S} s."
        )
    return duration_s


def _decode_ends(file: InputContainer, video: VideoStream, reading: _Reading) -> VideoFrame:
    """Decode the first picture and everything from the last key frame on; the first picture."""
    first = next(_decode_from(file, video, reading.first_key), None)
    at_the_end = sum(1 for _ in _decode_from(file, video, reading.last_key))
    if first is None or at_the_end == 0:
        raise BrokenVideo("The pictures of the video can't be decoded.")
    return first


def _decode_from(file: InputContainer, video: VideoStream, key: int | None) -> Iterator[VideoFrame]:
    file.seek(key or 0, stream=video)
    yield from file.decode(video)


def _shown_size(video: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    pixel_shape = video.sample_aspect_ratio or Fraction(1)
    width, height = round(frame.width * pixel_shape), frame.height
    _check_sides(width, height)
    return (height, width) if frame.rotation % 180 == 90 else (width, height)


def _frame_rate(video: VideoStream, reading: _Reading, duration_s: Fraction) -> Fraction:
    return video.average_rate or reading.frames / duration_s


def _container(file: InputContainer) -> str:
    if "mp4" not in file.format.name.split(","):
        return file.format.name
    return "mov" if file.metadata.get("major_brand", "").strip() in ("qt", "") else "mp4"


def _thousandths(value: Fraction) -> Decimal:
    return Decimal(round(value * 1000)).scaleb(-3)
