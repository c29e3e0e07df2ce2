"""From fal's file to what a person sees first: a video that plays at once, and its poster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jobs.media.ffmpeg import (
    Ffmpeg,
    Stream,
    for_ordinary_screens,
    output,
    resized,
    split,
    together,
    video_input,
)
from jobs.media.probe import VideoFacts, probe_video
from jobs.media.rendered import JPEG, MP4, RenderedFile, even, rendered_file

POSTER_AT_S = 1
"""The first frame is the person's own image; a second later the video looks like itself."""

POSTER_MAX_WIDTH_PX = 640
"""A card of the gallery on a screen with two pixels per point."""

MAX_VIDEO_BYTES = 512 * 1024 * 1024
"""What a caller without a setting accepts; fal's largest clips have some 100 MB."""

PREPARE_TIMEOUT_S = 300.0
"""A remux takes a fraction of a second; a foreign codec is encoded at about its own speed."""

ONE_THREAD = 1
"""A poster alone needs some 24 pictures: more threads cost more to start than they save."""

WEB_ENCODING: dict[str, object] = {
    "c:v": "libx264",
    "profile:v": "high",
    "preset": "fast",
    "crf": 20,
    "pix_fmt": "yuv420p",
    "c:a": "aac",
    "b:a": "160k",
}
"""Close to the source to the eye: this file is what people download and publish."""


@dataclass(frozen=True)
class PreparedVideo:
    """What collecting leaves: the web rendition, its poster, and what the web rendition is."""

    web_file: RenderedFile
    poster_file: RenderedFile
    facts: VideoFacts
    encoded: bool
    """Whether the web rendition is an encoding of the source; else it is the same pictures."""

    @property
    def web(self) -> Path:
        """The video, ready to play in any browser while it is still loading."""
        return self.web_file.path

    @property
    def poster(self) -> Path:
        """A JPEG of the picture at one second, or of the first one of a shorter video."""
        return self.poster_file.path

    @property
    def sha256(self) -> str:
        """SHA-256 of the web rendition, lower-case hex."""
        return self.web_file.sha256


def prepare_video(
    ffmpeg: Ffmpeg,
    source: Path,
    folder: Path,
    timeout_s: float = PREPARE_TIMEOUT_S,
    max_bytes: int = MAX_VIDEO_BYTES,
) -> PreparedVideo:
    """Check the video `source` and write `web.mp4` and `poster.jpg` into `folder`, in one run.

    Pictures and sound are copied when browsers play them, else encoded: upright, in 8 bits, for
    ordinary screens, with even sides. Either way the index comes first in the file, so that
    playing starts at once.

    Raises:
        BrokenVideo: it is not a playable video.
        MediaTooLarge: it has more than `max_bytes`, or is beyond another limit.
        MediaToolFailed: ffmpeg failed, or took more than `timeout_s`.
    """
    facts = probe_video(source, max_bytes)
    web, poster = folder / "web.mp4", folder / "poster.jpg"
    poster_size = _poster_size(facts)
    video = video_input(source, ONE_THREAD if facts.streams_play_in_browsers else None)
    for_web, for_poster = _shown(video, facts)
    outputs = [
        _web_output(video, for_web, facts, web),
        _poster_output(for_poster, poster_size, poster),
    ]
    ffmpeg.run(together(outputs), timeout_s)
    web_facts = _facts_of_web(facts, web)
    return PreparedVideo(
        web_file=rendered_file(web, (web_facts.width, web_facts.height), MP4),
        poster_file=rendered_file(poster, poster_size, JPEG),
        facts=web_facts,
        encoded=not facts.streams_play_in_browsers,
    )


def _shown(video: Stream, facts: VideoFacts) -> list[Stream]:
    """The pictures as an ordinary screen shows them, once for each output."""
    if facts.high_dynamic_range:
        return split(for_ordinary_screens(video["V:0"]), 2)
    return [video["V:0"]] * 2


def _web_output(video: Stream, pictures: Stream, facts: VideoFacts, path: Path) -> Stream:
    sound = [video["a:0"]] if facts.audio_codec else []
    container: dict[str, object] = {"movflags": "+faststart", "map_chapters": -1}
    if facts.streams_play_in_browsers:
        return output([video["V:0"], *sound], path, c="copy", **container)
    sized = resized(pictures, (even(facts.width), even(facts.height)))
    return output([sized, *sound], path, **WEB_ENCODING, **container)


def _poster_output(pictures: Stream, size: tuple[int, int], path: Path) -> Stream:
    """Two pictures are written over each other: the first one, then, if it comes, the one wanted.

    Seeking instead would leave no poster at all when the last picture lies before the mark.
    """
    wanted = pictures.filter("select", f"eq(n,0)+gte(t,{POSTER_AT_S})")
    return output(
        [resized(wanted, size)],
        path,
        **{
            "frames:v": 2,
            "fps_mode": "passthrough",
            "update": 1,
            "pix_fmt": "yuvj420p",
            "q:v": 3,
            "threads": ONE_THREAD,
        },
    )


def _poster_size(facts: VideoFacts) -> tuple[int, int]:
    width = min(facts.width, POSTER_MAX_WIDTH_PX)
    return even(width), even(facts.height * width / facts.width)


def _facts_of_web(facts: VideoFacts, web: Path) -> VideoFacts:
    """What was only copied is as it was; anything else is looked at again."""
    size_bytes = web.stat().st_size if web.is_file() else 0
    if facts.plays_in_browsers:
        return replace(facts, size_bytes=size_bytes)
    return probe_video(web, max_bytes=size_bytes)
