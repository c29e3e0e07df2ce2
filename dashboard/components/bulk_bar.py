"""What can be done with the selected videos, in a bar that stays in sight.

Each act is one use case of `jobs.curation` for all of them. What this person may not change of it
stays as it is, and is counted in what is said afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal
from uuid import UUID

import streamlit as st
from streamlit.elements.lib.mutable_popover_container import PopoverContainer

from dashboard import gallery_reads, gallery_selection, reads
from dashboard.bulk_acts import do
from dashboard.components.zip_form import zip_form
from dashboard.gallery_reads import Facets
from dashboard.roles import COMPARE
from dashboard.services import services
from jobs import curation
from jobs.admission import SUBMITTING_ROLES
from jobs.curation import MAX_COMMENT, MAX_TAG, Verdict
from jobs.exports import MOST_VIDEOS
from jobs.gallery_filters import GalleryView, Status
from storage.models import Campaign, Person

MOST_COMPARED = 4
_PANELS = ("bulk_tag", "bulk_move", "bulk_judge", "bulk_zip")
_STYLE = """
<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-bulk_bar) { position: sticky; top: 4.25rem;
  z-index: 90; }
.st-key-bulk_bar { background: light-dark(#fff, #161b25);
  border-color: light-dark(#4f46e5, #6366f1) !important; box-shadow: 0 6px 20px rgb(0 0 0 / .14); }
@media (max-width: 640px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-bulk_bar) { top: 3.5rem; }
  .st-key-bulk_bar { flex-wrap: nowrap !important; overflow-x: auto; scrollbar-width: thin; }
  .st-key-bulk_bar > * { flex: none !important; }
}
.st-key-bulk_bar [data-testid="stElementContainer"]:has(style) { display: none; }
</style>
"""

_WORDS = {
    Verdict.APPROVED: ("Approve", ":material/verified:", "approved"),
    Verdict.NEEDS_CHANGE: ("Needs a change", ":material/edit_note:", "marked as needing a change"),
    Verdict.REJECTED: ("Reject", ":material/block:", "rejected"),
}


def bulk_bar(person: Person, view: GalleryView, facets: Facets, ids: Sequence[UUID]) -> None:
    """Everything that can be done with these videos; nothing when there are none."""
    if not ids:
        return
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", gap="small", key="bulk_bar"
    ):
        st.html(_STYLE)
        st.markdown(f"**{len(ids):,} selected**", width="content")
        if view.status is Status.TRASHED:
            _restore(person, ids)
        else:
            _acts(person, view, facets, ids)
        st.button(
            "Clear",
            key="bulk_clear",
            type="tertiary",
            icon=":material/close:",
            help="Select none",
            on_click=gallery_selection.clear,
        )


def _acts(person: Person, view: GalleryView, facets: Facets, ids: Sequence[UUID]) -> None:
    changes = person.role in SUBMITTING_ROLES
    if changes:
        _approve(person, ids)
        _judge(person, ids)
    _favour(person, view, ids)
    if changes:
        _tag(person, view, facets, ids)
        _move(person, ids)
    _compare(ids)
    _download(person, ids)
    if changes:
        _trash(person, ids)


def _approve(person: Person, ids: Sequence[UUID]) -> None:
    label, icon, done = _WORDS[Verdict.APPROVED]
    act = partial(curation.judge, person=person, ids=ids, verdict=Verdict.APPROVED)
    _button(label, icon, "bulk_approve", lambda: do(act, done), "Approve all of them", primary=True)


def _judge(person: Person, ids: Sequence[UUID]) -> None:
    panel = _panel("Verdict", ":material/gavel:", "bulk_judge")
    if not panel.open:
        return
    with panel:
        st.text_area(
            "Comment",
            key="bulk_comment",
            max_chars=MAX_COMMENT,
            placeholder="What has to change, or why",
            height=90,
        )
        for verdict in (Verdict.NEEDS_CHANGE, Verdict.REJECTED):
            label, icon, _ = _WORDS[verdict]
            st.button(
                label, icon=icon, width="stretch", on_click=_give, args=(person, ids, verdict)
            )
        st.button(
            "Withdraw the verdict",
            type="tertiary",
            width="stretch",
            on_click=_give,
            args=(person, ids, None),
        )


def _give(person: Person, ids: Sequence[UUID], verdict: Verdict | None) -> None:
    comment = str(st.session_state.get("bulk_comment") or "") if verdict else ""
    act = partial(curation.judge, person=person, ids=ids, verdict=verdict, comment=comment)
    _close_panels()
    do(act, _WORDS[verdict][2] if verdict else "without a verdict")


def _favour(person: Person, view: GalleryView, ids: Sequence[UUID]) -> None:
    takes = view.filter.favourite
    act = partial(curation.favour, person=person, ids=ids, favourite=not takes)
    if takes:
        words, icon = "Take out of your favourites", ":material/heart_minus:"
        done = "taken out of your favourites"
    else:
        words, icon, done = "Make them your favourites", ":material/favorite:", "made favourites"
    _button("Favourite", icon, "bulk_favourite", lambda: do(act, done, leaves=takes), words)


def _tag(person: Person, view: GalleryView, facets: Facets, ids: Sequence[UUID]) -> None:
    panel = _panel("Tag", ":material/sell:", "bulk_tag")
    if not panel.open:
        return
    with panel:
        st.multiselect(
            "Add",
            facets.tags,
            key="bulk_add_tags",
            accept_new_options=True,
            placeholder="Choose or write a tag",
            select_all=False,
            help=f"A tag has at most {MAX_TAG} characters.",
        )
        cards = gallery_reads.among(services(), person, GalleryView(status=view.status), ids)
        present = sorted({tag for card in cards for tag in card.tags}, key=str.casefold)
        st.multiselect(
            "Remove",
            present,
            key="bulk_remove_tags",
            placeholder="Tags they have",
            select_all=False,
        )
        st.button(
            "Apply", type="primary", width="stretch", on_click=_apply_tags, args=(person, ids)
        )


def _apply_tags(person: Person, ids: Sequence[UUID]) -> None:
    add = st.session_state.get("bulk_add_tags") or []
    remove = st.session_state.get("bulk_remove_tags") or []
    if not (add or remove):
        return
    _close_panels()
    do(partial(curation.tag, person=person, ids=ids, add=add, remove=remove), "tagged anew")


def _move(person: Person, ids: Sequence[UUID]) -> None:
    panel = _panel("Campaign", ":material/drive_file_move:", "bulk_move")
    if not panel.open:
        return
    with panel:
        st.selectbox(
            "Move to",
            reads.open_campaigns(person.id),
            key="bulk_campaign",
            index=None,
            format_func=lambda one: one.name,
            placeholder="Choose a campaign",
        )
        st.button("Move", type="primary", width="stretch", on_click=_move_all, args=(person, ids))
        st.button(
            "Take out of their campaigns",
            type="tertiary",
            width="stretch",
            on_click=_move_to,
            args=(person, ids, None),
        )


def _move_all(person: Person, ids: Sequence[UUID]) -> None:
    campaign: Campaign | None = st.session_state.get("bulk_campaign")
    if campaign is not None:
        _move_to(person, ids, campaign)


def _move_to(person: Person, ids: Sequence[UUID], campaign: Campaign | None) -> None:
    act = partial(
        curation.move, person=person, ids=ids, campaign_id=campaign.id if campaign else None
    )
    _close_panels()
    do(act, f"moved to {campaign.name}" if campaign else "taken out of their campaigns")


def _compare(ids: Sequence[UUID]) -> None:
    pressed = st.button(
        "Compare",
        key="bulk_compare",
        icon=COMPARE.icon,
        disabled=not 2 <= len(ids) <= MOST_COMPARED,
        help=f"Play two to {MOST_COMPARED} videos in step",
    )
    if pressed:
        chosen = [str(video_id) for video_id in ids]
        st.switch_page(COMPARE.file, query_params={"video": chosen})


def _download(person: Person, ids: Sequence[UUID]) -> None:
    panel = _panel(
        "Download", ":material/folder_zip:", "bulk_zip", most=MOST_VIDEOS, count=len(ids)
    )
    if panel.open:
        with panel:
            zip_form(person, ids, _close_panels)


def _trash(person: Person, ids: Sequence[UUID]) -> None:
    act = partial(curation.trash, person=person, ids=ids)
    _button(
        "Trash",
        ":material/delete:",
        "bulk_trash",
        lambda: do(act, "moved to the trash", leaves=True),
        "Move to the trash, from where they can be had back",
    )


def _restore(person: Person, ids: Sequence[UUID]) -> None:
    if person.role in SUBMITTING_ROLES:
        act = partial(curation.restore, person=person, ids=ids)
        _button(
            "Restore",
            ":material/restore_from_trash:",
            "bulk_restore",
            lambda: do(act, "back in the gallery", leaves=True),
            "Back to the gallery, with everything that is known of them",
            primary=True,
        )


def _button(
    label: str, icon: str, key: str, act: Callable[[], None], words: str, *, primary: bool = False
) -> None:
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    st.button(label, key=key, icon=icon, type=kind, help=words, on_click=act)


def _panel(
    label: str, icon: str, key: str, *, most: int | None = None, count: int = 0
) -> PopoverContainer:
    """A popover whose content is made only while it is open."""
    too_many = most is not None and count > most
    return st.popover(
        label,
        icon=icon,
        key=key,
        on_change="rerun",
        disabled=too_many,
        help=f"At most {most} at once" if too_many else None,
    )


def _close_panels() -> None:
    for key in _PANELS:
        st.session_state[key] = False
