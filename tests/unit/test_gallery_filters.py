"""The gallery's address: read, written, read again."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.gallery_filters import (
    GENERATION_STATUSES,
    MAX_SEARCH,
    MAX_VALUES,
    PARAMETERS,
    GalleryView,
    Status,
    parse_view,
    query_of,
)
from storage.models import GenerationStatus
from storage.records.gallery import Group, Sort, Verdict, VideoFilter

ONE, TWO = UUID(int=1), UUID(int=2)

names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
texts = names.map(str.strip).filter(bool)
several_texts = st.lists(texts, max_size=3, unique=True).map(tuple)
ids = st.lists(st.uuids(), max_size=3, unique=True).map(tuple)
days = st.none() | st.dates()


@st.composite
def views(draw: st.DrawFn) -> GalleryView:
    status = draw(st.sampled_from(Status))
    no_campaign, unjudged = draw(st.booleans()), draw(st.booleans())
    verdicts = draw(st.lists(st.sampled_from(Verdict), unique=True).map(tuple))
    wanted = VideoFilter(
        search=draw(names).strip(),
        trashed=status is Status.TRASHED,
        team_ids=draw(ids),
        campaign_ids=() if no_campaign else draw(ids),
        no_campaign=no_campaign,
        person_ids=draw(ids),
        models=draw(several_texts),
        ratios=draw(several_texts),
        resolutions=draw(several_texts),
        tags=draw(several_texts),
        verdicts=() if unjudged else verdicts,
        unjudged=unjudged,
        favourite=draw(st.booleans()),
        since=draw(days),
        until=draw(days),
        min_s=draw(st.none() | st.integers(0, 3600)),
        max_s=draw(st.none() | st.integers(0, 3600)),
        min_rating=draw(st.none() | st.integers(1, 5)),
        family_id=draw(st.none() | st.uuids()),
        batch_id=draw(st.none() | st.uuids()),
    )
    return GalleryView(
        status=status,
        filter=wanted,
        mine=draw(st.booleans()),
        sort=draw(st.sampled_from(Sort)),
        group=draw(st.none() | st.sampled_from(Group)),
    )


@settings(max_examples=200, deadline=None)
@given(views())
def test_what_is_written_into_the_address_is_read_back(view: GalleryView) -> None:
    assert parse_view(query_of(view)) == view


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text() | st.lists(st.text(), max_size=4)))
def test_every_address_opens_a_gallery_and_settles(given_: dict[str, str | list[str]]) -> None:
    view = parse_view(given_)
    assert parse_view(query_of(view)) == view


@given(views())
def test_an_address_has_known_names_and_no_empty_values(view: GalleryView) -> None:
    written = query_of(view)
    assert set(written) <= set(PARAMETERS)
    assert all(values and all(values) for values in written.values())


def test_the_usual_view_has_an_empty_address() -> None:
    assert query_of(GalleryView()) == {}
    assert parse_view({}) == GalleryView()


def test_an_address_reads_as_a_person_would_write_it() -> None:
    view = parse_view(
        {
            "q": "red sneaker",
            "campaign": [str(ONE), str(TWO)],
            "verdict": "approved",
            "since": "2026-03-01",
            "min_s": "5",
            "rating": "4",
            "sort": "cost",
            "group": "image",
            "video": "something else",
        }
    )
    assert view.filter == VideoFilter(
        search="red sneaker",
        campaign_ids=(ONE, TWO),
        verdicts=(Verdict.APPROVED,),
        since=date(2026, 3, 1),
        min_s=5,
        min_rating=4,
    )
    assert (view.sort, view.group) == (Sort.COST, Group.IMAGE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"campaign": "spring"},
        {"rating": "6"},
        {"rating": "five"},
        {"since": "yesterday"},
        {"min_s": "-1"},
        {"max_s": "99999999999999999999"},
        {"sort": "colour"},
        {"status": "lost"},
        {"tag": "  "},
        {"verdict": "'; drop table"},
        {"favourite": "maybe"},
    ],
)
def test_what_makes_no_sense_is_left_out(wrong: dict[str, str]) -> None:
    assert parse_view(wrong) == GalleryView()


def test_values_have_their_limits() -> None:
    view = parse_view({"q": "x" * 1000, "tag": [f"tag{n}" for n in range(500)]})
    assert len(view.filter.search) == MAX_SEARCH
    assert len(view.filter.tags) == MAX_VALUES


def test_no_campaign_is_a_choice_of_its_own() -> None:
    view = parse_view({"campaign": ["none", str(ONE)]})
    assert view.filter.no_campaign
    assert view.filter.campaign_ids == ()


def test_mine_is_whoever_opens_the_address() -> None:
    view = parse_view({"mine": "1", "person": str(TWO)})
    assert view.of(ONE).person_ids == (ONE,)
    assert parse_view({"person": str(TWO)}).of(ONE).person_ids == (TWO,)


def test_every_status_of_a_generation_is_shown_somewhere() -> None:
    shown = frozenset().union(*GENERATION_STATUSES.values())
    assert shown == frozenset(GenerationStatus) - {GenerationStatus.COMPLETED}
    assert not parse_view({"status": "making"}).shows_videos
