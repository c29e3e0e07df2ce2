from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jobs.media.probe import VideoFacts
from jobs.media.rendered import even
from jobs.media.renditions import planned_kinds, planned_size
from storage.models import RenditionKind


def facts(width: int, height: int) -> VideoFacts:
    return VideoFacts(
        width=width,
        height=height,
        duration_s=Decimal(5),
        fps=Decimal(24),
        video_codec="h264",
        pixel_format="yuv420p",
        high_dynamic_range=False,
        audio_codec=None,
        frames=120,
        size_bytes=1000,
        container="mp4",
    )


sides = st.integers(2, 8192)


@given(sides, sides)
def test_no_rendition_is_ever_larger_than_the_video(width: int, height: int) -> None:
    for kind in planned_kinds(facts(width, height)):
        planned = planned_size(facts(width, height), kind)
        assert planned[0] <= width
        assert planned[1] <= height


@given(sides, sides)
def test_every_side_of_a_rendition_is_even(width: int, height: int) -> None:
    for kind in planned_kinds(facts(width, height)):
        assert all(side >= 2 and side % 2 == 0 for side in planned_size(facts(width, height), kind))


@given(st.integers(400, 4096), st.integers(400, 4096))
def test_ratio_is_kept_within_the_rounding_of_a_side(width: int, height: int) -> None:
    for kind in planned_kinds(facts(width, height)):
        across, down = planned_size(facts(width, height), kind)
        assert abs(across * height - down * width) <= width + height


@given(sides, sides)
def test_shorter_side_decides_which_renditions_are_made(width: int, height: int) -> None:
    kinds = planned_kinds(facts(width, height))

    assert (RenditionKind.P480 in kinds) == (min(width, height) > 480)
    assert (RenditionKind.P360 in kinds) == (min(width, height) > 360)
    assert RenditionKind.PREVIEW in kinds


@given(st.integers(2, 10_000))
def test_odd_sides_become_the_even_number_below(pixels: int) -> None:
    assert even(pixels) == pixels - pixels % 2
