"""The gallery's toolbar: kinds of videos, search, filters, saved searches, order and groups."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard.components import gallery_filter_form, saved_searches
from dashboard.components.drawer import drawer
from dashboard.gallery_address import SEARCH, show_view, view_of_address
from dashboard.gallery_reads import Facets, Group, Sort, VideoFilter
from dashboard.roles import QUEUE, pages_for
from jobs.gallery_filters import MAX_SEARCH, GalleryView, Status
from storage.models import Person, Role

SHOW = "gallery_show"
ORDER = "gallery_order"
GROUP = "gallery_group"

TEAM, MINE, MAKING, FAILED, TRASH = "team", "mine", "making", "failed", "trash"

NO_GROUPS = "none"

_ORDERS = {
    Sort.NEWEST: "Newest first",
    Sort.OLDEST: "Oldest first",
    Sort.RATING: "Best rated",
    Sort.COST: "Dearest first",
    Sort.LENGTH: "Longest first",
}
_GROUPS: dict[str, str] = {
    NO_GROUPS: "No groups",
    Group.DAY: "By day",
    Group.CAMPAIGN: "By campaign",
    Group.IMAGE: "By product image",
    Group.BATCH: "By batch",
}


def show_kinds(person: Person, view: GalleryView) -> None:
    """Whose videos, those on their way, those that failed, or the trash."""
    labels = {TEAM: "All teams" if person.role is Role.ADMIN else "Team"}
    if QUEUE in pages_for(person.role):
        labels |= {MINE: "Mine", MAKING: "In the making", FAILED: "Failed", TRASH: "Trash"}
    if len(labels) == 1:
        return
    _keep(SHOW, _kind_of(view))
    st.segmented_control(
        "Show",
        list(labels),
        format_func=labels.__getitem__,
        required=True,
        key=SHOW,
        on_change=_take_kind,
        label_visibility="collapsed",
    )


def show_toolbar(person: Person, view: GalleryView, facets: Facets) -> None:
    """Search, filters, saved searches, order and groups; what they say is in the address."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text_input(
            "Search",
            key=SEARCH,
            type="search",
            live=True,
            max_chars=MAX_SEARCH,
            placeholder="Search title, prompt, tags, campaign",
            icon=":material/search:",
            label_visibility="collapsed",
            width=340,
            bind="query-params",
        )
        if view.shows_videos:
            gallery_filter_form.filters(view, facets)
            saved_searches.saved(person, view)
            _choose_order(view)


def _choose_order(view: GalleryView) -> None:
    with drawer(_order_words(view), icon=":material/sort:", key="gallery_view") as is_open:
        if not is_open:
            return
        _keep(ORDER, view.sort)
        _keep(GROUP, view.group or NO_GROUPS)
        left, right = st.columns(2)
        left.radio(
            "Order",
            list(_ORDERS),
            format_func=_ORDERS.__getitem__,
            key=ORDER,
            on_change=_take_order,
        )
        right.radio(
            "Groups",
            list(_GROUPS),
            format_func=_GROUPS.__getitem__,
            key=GROUP,
            on_change=_take_order,
        )


def _order_words(view: GalleryView) -> str:
    order = _ORDERS[view.sort]
    return f"{order}, {_GROUPS[view.group].lower()}" if view.group else order


def _keep(key: str, value: object) -> None:
    """Have a field say what the address says; set only when it differs, as setting redraws it."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _kind_of(view: GalleryView) -> str:
    kinds = {Status.MAKING: MAKING, Status.FAILED: FAILED, Status.TRASHED: TRASH}
    return kinds.get(view.status, MINE if view.mine else TEAM)


def _take_kind() -> None:
    kind = st.session_state[SHOW]
    statuses = {MAKING: Status.MAKING, FAILED: Status.FAILED, TRASH: Status.TRASHED}
    status = statuses.get(kind, Status.READY)
    view = view_of_address()
    wanted = view.filter if status in (Status.READY, Status.TRASHED) else VideoFilter()
    show_view(
        replace(
            view,
            status=status,
            mine=kind == MINE,
            filter=replace(wanted, trashed=status is Status.TRASHED),
        )
    )


def _take_order() -> None:
    view = view_of_address()
    chosen = st.session_state[GROUP]
    group = None if chosen == NO_GROUPS else Group(chosen)
    show_view(replace(view, sort=st.session_state[ORDER], group=group))
