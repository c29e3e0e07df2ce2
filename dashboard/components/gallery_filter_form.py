"""The filters of the gallery behind one button. Each change is in the address at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import streamlit as st

from dashboard.components.drawer import drawer
from dashboard.components.gallery_filter_words import (
    LONGEST_S,
    NONE,
    VERDICTS,
    campaign_word,
    count_active,
    person_word,
    team_word,
)
from dashboard.gallery_address import show_view, view_of_address
from dashboard.gallery_reads import Facets, Verdict, VideoFilter
from dashboard.services import services
from dashboard.video_facts import model_label
from jobs.gallery_filters import GalleryView

T = TypeVar("T")

_KEY = "gallery_filter_{}"


def filters(view: GalleryView, facets: Facets) -> None:
    """The button, and all filters behind it."""
    active = count_active(view)
    label = f"Filters · {active}" if active else "Filters"
    with drawer(
        label,
        icon=":material/tune:",
        kind="primary" if active else "secondary",
        key="gallery_filters",
    ) as is_open:
        if is_open:
            _choices(view, facets)
            _looks(view.filter)
            _opinions(view.filter)
            _days(view.filter)


def _choices(view: GalleryView, facets: Facets) -> None:
    wanted = view.filter
    campaigns = [*(one.id for one in facets.campaigns), NONE]
    chosen = [*wanted.campaign_ids, *([NONE] if wanted.no_campaign else [])]
    left, right = st.columns(2)
    with left:
        _many("Campaign", "campaign", campaigns, chosen, lambda one: campaign_word(facets, one))
        _many("Model", "model", facets.models, wanted.models, _model)
        if facets.teams:
            teams = [one.id for one in facets.teams]
            _many("Team", "team", teams, wanted.team_ids, lambda one: team_word(facets, one))
    with right:
        if not view.mine:
            people = [one.id for one in facets.people]
            _many(
                "Person", "person", people, wanted.person_ids, lambda one: person_word(facets, one)
            )
        _many("Tags (all of them)", "tag", facets.tags, wanted.tags, str)


def _looks(wanted: VideoFilter) -> None:
    models = services().catalog.models
    ratios = _in_order(one for model in models for one in model.aspect_ratios if ":" in one)
    sizes = _in_order(one for model in models for one in model.resolutions)
    _pills("Ratio", "ratio", ratios, wanted.ratios, str)
    _pills("Resolution", "resolution", sizes, wanted.resolutions, str)
    most = max(LONGEST_S, wanted.max_s or 0)
    _keep("length", (wanted.min_s or 0, most if wanted.max_s is None else wanted.max_s))
    st.slider("Length in seconds", 0, most, key=_key("length"), on_change=_take)


def _opinions(wanted: VideoFilter) -> None:
    judged = [*wanted.verdicts, *([NONE] if wanted.unjudged else [])]
    _pills("Verdict", "verdict", list(VERDICTS), judged, VERDICTS.__getitem__)
    _keep("rating", wanted.min_rating)
    st.pills(
        "Stars, at least",
        [1, 2, 3, 4, 5],
        format_func=lambda stars: f"{stars} ★",
        key=_key("rating"),
        on_change=_take,
    )
    _keep("favourite", wanted.favourite)
    st.toggle("Only my favourites", key=_key("favourite"), on_change=_take)


def _days(wanted: VideoFilter) -> None:
    left, right = st.columns(2)
    for column, label, name in ((left, "From", "since"), (right, "To", "until")):
        _keep(name, getattr(wanted, name))
        column.date_input(label, value=None, key=_key(name), on_change=_take, format="YYYY-MM-DD")


def _many(
    label: str,
    name: str,
    options: Sequence[Any],
    chosen: Iterable[Any],
    words: Callable[[Any], str],
) -> None:
    _keep(name, list(chosen))
    known = _in_order([*options, *chosen])
    st.multiselect(
        label,
        known,
        format_func=words,
        key=_key(name),
        on_change=_take,
        placeholder="Any",
        select_all=False,
    )


def _pills(
    label: str,
    name: str,
    options: Sequence[Any],
    chosen: Iterable[Any],
    words: Callable[[Any], str],
) -> None:
    _keep(name, list(chosen))
    known = _in_order([*options, *chosen])
    st.pills(
        label,
        known,
        selection_mode="multi",
        format_func=words,
        key=_key(name),
        on_change=_take,
    )


def _in_order(values: Iterable[Any]) -> list[Any]:
    """Each once, where it stands first."""
    return list(dict.fromkeys(values))


def _key(name: str) -> str:
    return _KEY.format(name)


def _keep(name: str, value: object) -> None:
    """Have a field say what the address says; set only when it differs, as setting redraws it."""
    key = _key(name)
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _model(key: str) -> str:
    return model_label(services().catalog, key)


def _take() -> None:
    """What the fields say now, as the view."""
    view = view_of_address()
    show_view(replace(view, filter=_filter(view.filter)))


def _filter(before: VideoFilter) -> VideoFilter:
    shortest, longest = _said("length", (before.min_s or 0, before.max_s))
    most = max(LONGEST_S, before.max_s or 0)
    campaigns: Sequence[UUID | str] = _said("campaign", before.campaign_ids)
    verdicts: Sequence[str] = _said("verdict", before.verdicts)
    return replace(
        before,
        campaign_ids=tuple(one for one in campaigns if isinstance(one, UUID))
        if NONE not in campaigns
        else (),
        no_campaign=NONE in campaigns,
        team_ids=tuple(_said("team", before.team_ids)),
        person_ids=tuple(_said("person", before.person_ids)),
        models=tuple(_said("model", before.models)),
        tags=tuple(_said("tag", before.tags)),
        ratios=tuple(_said("ratio", before.ratios)),
        resolutions=tuple(_said("resolution", before.resolutions)),
        verdicts=tuple(Verdict(one) for one in verdicts) if NONE not in verdicts else (),
        unjudged=NONE in verdicts,
        min_rating=_said("rating", before.min_rating),
        favourite=bool(_said("favourite", before.favourite)),
        since=_said("since", before.since),
        until=_said("until", before.until),
        min_s=shortest or None,
        max_s=longest if longest is not None and longest < most else None,
    )


def _said(name: str, otherwise: T) -> T:
    """What a field says; what was so before when it is not on the page."""
    value: T = st.session_state.get(_key(name), otherwise)
    return value
