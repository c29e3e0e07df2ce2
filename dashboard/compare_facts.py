"""What is said below compared videos: how each was made, what it cost, who decided what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from dashboard.compare_reads import Compared
from dashboard.components.money_words import dollars
from dashboard.differences import Row
from dashboard.video_facts import megabytes, model_label, moment, seconds
from jobs.curation import Verdict
from jobs.fal.catalog import Catalog
from jobs.motion import motion_band
from storage.models import Video

VERDICT_WORDS = {
    Verdict.APPROVED: "Approved",
    Verdict.NEEDS_CHANGE: "Needs change",
    Verdict.REJECTED: "Rejected",
}
UNKNOWN = "–"
"""Where a video has nothing to say, or this person may not know it."""


def rows_of(compared: Sequence[Compared], catalog: Catalog, zone: ZoneInfo) -> list[Row]:
    """Every property that at least one of the videos has."""
    readings: list[tuple[str, Callable[[Compared], str]]] = [
        ("Model", lambda one: model_label(catalog, one.video.model)),
        ("Resolution", lambda one: one.video.resolution),
        ("Size", lambda one: f"{one.video.width} × {one.video.height}"),
        ("Shape", lambda one: one.video.aspect_ratio),
        ("Length", lambda one: seconds(one.video.duration_s)),
        ("Frames", lambda one: f"{one.video.fps.normalize():f} per second"),
        ("Motion", lambda one: _motion(one.video)),
        ("Camera", lambda one: _switch(one.video, "camera_fixed", "fixed", "free")),
        ("Sound", lambda one: _switch(one.video, "generate_audio", "generated", "none")),
        ("Seed", lambda one: UNKNOWN if one.video.seed is None else str(one.video.seed)),
        ("End image", _end_image),
        ("Cost", lambda one: dollars(one.charge.amount_usd) if one.charge else UNKNOWN),
        ("Rating", _rating),
        ("Verdict", _verdict),
        ("Campaign", lambda one: one.video.campaign_name or UNKNOWN),
        ("Tags", lambda one: ", ".join(sorted(one.video.tags)) or UNKNOWN),
        ("Made by", lambda one: one.video.person_name),
        ("Made", lambda one: moment(one.video.created_at, zone)),
        ("File", lambda one: megabytes(one.video.size_bytes)),
    ]
    rows = [Row(label, tuple(read(one) for one in compared)) for label, read in readings]
    return [row for row in rows if set(row.values) != {UNKNOWN}]


def _motion(video: Video) -> str:
    intensity = video.parameters.get("motion_intensity")
    return UNKNOWN if intensity is None else motion_band(float(intensity)).name


def _switch(video: Video, name: str, on: str, off: str) -> str:
    return on if video.parameters.get(name) else off


def _end_image(one: Compared) -> str:
    if one.has_end_image is None:
        return UNKNOWN
    return "given" if one.has_end_image else "none"


def _rating(one: Compared) -> str:
    if one.opinion.rating is None:
        return UNKNOWN
    count = one.opinion.rating_count
    return f"{one.opinion.rating.normalize():f} of 5 ({count} {'vote' if count == 1 else 'votes'})"


def _verdict(one: Compared) -> str:
    if one.opinion.verdict is None:
        return UNKNOWN
    words = f"{VERDICT_WORDS[one.opinion.verdict]} by {one.opinion.verdict_by_name or 'somebody'}"
    comment = one.opinion.verdict_comment
    return f"{words}: {comment}" if comment else words
