"""What is said of a video beside the player, in the words of the people who read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dashboard.components.money_words import dollars
from dashboard.video_reads import VideoStory
from jobs.curation import VerdictEntry
from jobs.errors import CatalogError
from jobs.fal.catalog import Catalog
from jobs.library import TRASH_DAYS
from jobs.motion import motion_band
from storage.models import Charge, Video

Fact = tuple[str, str]
"""A label and what it says."""


@dataclass(frozen=True)
class VerdictWords:
    """A verdict as people read it."""

    verdict: str | None
    """None: it was taken back."""
    by: str | None
    """None: whoever gave it has left."""
    at: str
    comment: str


def facts_of(video: Video, catalog: Catalog) -> list[Fact]:
    """Everything worth knowing of how the video was made."""
    return [
        ("Model", model_label(catalog, video.model)),
        ("Length", seconds(video.duration_s)),
        ("Resolution", video.resolution),
        ("Size", f"{video.width} × {video.height} ({video.aspect_ratio})"),
        ("Frames", f"{video.fps.normalize():f} per second"),
        *_motion(video),
        *_switches(video),
        ("Seed", "not told" if video.seed is None else str(video.seed)),
        ("File", megabytes(video.size_bytes)),
    ]


def money_of(story: VideoStory) -> list[Fact]:
    """Estimate and charge, as far as this person may see them."""
    estimate = [("Estimate", dollars(story.making.generation.estimate_usd))] if story.making else []
    return [*estimate, *([("Charge", charge_words(story.charge))] if story.charge else [])]


def verdict_of(story: VideoStory, zone: ZoneInfo) -> VerdictWords | None:
    """The verdict that holds; None when there is none."""
    found = story.opinion
    if found.verdict is None or found.verdict_at is None:
        return None
    at, comment = moment(found.verdict_at, zone), found.verdict_comment or ""
    return VerdictWords(found.verdict.value, found.verdict_by_name, at, comment)


def verdicts_of(entries: list[VerdictEntry], zone: ZoneInfo) -> list[VerdictWords]:
    """Every verdict, last to first."""
    return [
        VerdictWords(
            one.verdict.value if one.verdict else None,
            one.person_name,
            moment(one.at, zone),
            one.comment,
        )
        for one in reversed(entries)
    ]


def model_label(catalog: Catalog, key: str) -> str:
    """The model's name; its key when the catalogue no longer lists it."""
    try:
        return catalog.by_key(key).label
    except CatalogError:
        return key


def seconds(duration_s: Decimal) -> str:
    """`5 s`, `5.04 s`: to a hundredth, without noughts at the end."""
    return f"{duration_s:.2f}".rstrip("0").rstrip(".") + " s"


def megabytes(size_bytes: int) -> str:
    """`850 kB`, `1.2 MB`: decimal, as file managers count."""
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1000))} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def charge_words(charge: Charge) -> str:
    """What was charged, and whether fal billed it."""
    word = "as fal billed it" if charge.verified else "the estimate stands in for fal's bill"
    return f"{dollars(charge.amount_usd)}, {word}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """`22 Nov 2026, 19:14` in the company's time zone."""
    return f"{at.astimezone(zone):%-d %b %Y, %H:%M}"


def last_day(deleted_at: datetime, zone: ZoneInfo) -> str:
    """The day on which a video leaves the trash for good, in the company's time zone."""
    return f"{(deleted_at + timedelta(days=TRASH_DAYS)).astimezone(zone):%-d %B %Y}"


def _motion(video: Video) -> list[Fact]:
    intensity = video.parameters.get("motion_intensity")
    return [] if intensity is None else [("Motion", motion_band(float(intensity)).name)]


def _switches(video: Video) -> list[Fact]:
    asked = video.parameters
    facts = [("Camera", "fixed" if asked.get("camera_fixed") else "free")]
    if asked.get("generate_audio"):
        facts.append(("Sound", "generated"))
    if asked.get("enable_safety_checker") is not None:
        facts.append(("Safety checker", "on" if asked["enable_safety_checker"] else "off"))
    return facts
