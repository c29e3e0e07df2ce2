"""The smaller files of a video, all made in one run of ffmpeg that decodes it once."""

from __future__ import annotations

from pathlib import Path

from jobs.media.ffmpeg import Ffmpeg, Stream, output, resized, split, together, video_input
from jobs.media.probe import VideoFacts
from jobs.media.rendered import MP4, even, rendered_file
from jobs.media.rendered import RenderedFile as RenderedFile
from storage.models import RenditionKind

SHORT_SIDES_PX = {RenditionKind.P480: 480, RenditionKind.P360: 360}
"""What the "p" of a rendition counts: the shorter side, so that portrait is not a thumbnail."""

PREVIEW_S = 3
PREVIEW_FPS = 12
PREVIEW_WIDTH_PX = 320
"""The preview plays in a card while the pointer is over it: some 30 kB instead of megabytes."""

RENDER_TIMEOUT_S = 600.0
"""Some hundred times what a clip of 5 s takes on one busy core."""

ENCODING: dict[str, object] = {
    "c:v": "libx264",
    "profile:v": "high",
    "preset": "veryfast",
    "subq": 1,
    "crf": 25,
    "pix_fmt": "yuv420p",
    "movflags": "+faststart",
    "map_chapters": -1,
}
"""`veryfast` at 25 scores two VMAF points above the usual `fast` at 28 for half of its CPU.

The quickest refinement of motion (`subq`) saves a sixth of it for a tenth more bytes.
"""

PREVIEW_CRF = 30
"""Three seconds at the size of a card forgive more."""

Size = tuple[int, int]


def planned_kinds(facts: VideoFacts) -> list[RenditionKind]:
    """Which renditions a video gets, the largest first; none as large as the video itself."""
    smaller = [kind for kind, side in SHORT_SIDES_PX.items() if min(_size(facts)) > side]
    return [*smaller, RenditionKind.PREVIEW]


def planned_size(facts: VideoFacts, kind: RenditionKind) -> Size:
    """Width and height of a rendition in pixels: even, in the video's ratio, never larger than it.

    Raises:
        KeyError: `kind` is not made by this module.
    """
    if kind is RenditionKind.PREVIEW:
        width = min(PREVIEW_WIDTH_PX, facts.width)
        return even(width), even(facts.height * width / facts.width)
    scale = min(1.0, SHORT_SIDES_PX[kind] / min(_size(facts)))
    return even(facts.width * scale), even(facts.height * scale)


def render_renditions(
    ffmpeg: Ffmpeg,
    source: Path,
    facts: VideoFacts,
    folder: Path,
    timeout_s: float = RENDER_TIMEOUT_S,
) -> dict[RenditionKind, RenderedFile]:
    """Make every planned rendition of the checked video `source` in `folder`, as `<kind>.mp4`.

    `facts` are those of `source`. Sound is copied when it is AAC, else encoded. Each size is made
    from the next larger one, which saves a tenth of the CPU and costs a third of a VMAF point.

    Raises:
        MediaToolFailed: ffmpeg failed, or took more than `timeout_s`.
    """
    kinds = planned_kinds(facts)
    video = video_input(source)
    paths = {kind: folder / f"{kind}.mp4" for kind in kinds}
    outputs, larger = [], video["V:0"]
    for kind in kinds:
        size = planned_size(facts, kind)
        if kind is RenditionKind.PREVIEW:
            outputs.append(_preview(larger, size, paths[kind]))
        else:
            pictures, larger = split(resized(larger, size), 2)
            outputs.append(_smaller(pictures, video, facts, paths[kind]))
    ffmpeg.run(together(outputs), timeout_s)
    return {
        kind: rendered_file(path, planned_size(facts, kind), MP4) for kind, path in paths.items()
    }


def _smaller(pictures: Stream, video: Stream, facts: VideoFacts, path: Path) -> Stream:
    if facts.audio_codec is None:
        return output([pictures], path, **ENCODING)
    sound = {"c:a": "copy"} if facts.audio_codec == "aac" else {"c:a": "aac", "b:a": "128k"}
    return output([pictures, video["a:0"]], path, **ENCODING, **sound)


def _preview(branch: Stream, size: Size, path: Path) -> Stream:
    start = branch.filter("trim", duration=PREVIEW_S).filter("setpts", "PTS-STARTPTS")
    pictures = resized(start.filter("fps", PREVIEW_FPS), size)
    return output([pictures], path, **{**ENCODING, "crf": PREVIEW_CRF})


def _size(facts: VideoFacts) -> Size:
    return facts.width, facts.height
