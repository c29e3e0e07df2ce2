"""Compare: two to four videos in step. Which ones is in the address: `?video=A&video=B`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from dashboard import compare_reads
from dashboard.compare_facts import rows_of
from dashboard.compare_reads import Absent, Compared, Place, Unfinished
from dashboard.components.compare_picker import FEWEST, MOST, compare_picker
from dashboard.components.compare_player import Sheet, Wish, compare_player
from dashboard.differences import is_unmarked, marked_texts
from dashboard.error_frame import plain
from dashboard.roles import GALLERY
from dashboard.services import services
from dashboard.whoami import current_person
from jobs import curation, library
from jobs.admission import SUBMITTING_ROLES
from jobs.gallery_filters import FINISHED
from storage.errors import RecordUnavailable, StudioError
from storage.models import Person

PARAMETER = "video"
LOOK_AGAIN_S = 3.0
"""How often the page looks whether a video that is being made is there."""

_NOTED = "compare_noted"
_SELECTION = "gallery_selection"
"""What is selected in the gallery: ids in the order of choosing."""


def asked_for() -> list[str]:
    """The first four different videos of the address."""
    return list(dict.fromkeys(st.query_params.get_all(PARAMETER)))[:MOST]


def go_to(ids: Sequence[str]) -> None:
    """Compare these; the address says so, and the way back leads to those before."""
    st.query_params[PARAMETER] = list(ids)
    st.rerun()


def choose(person: Person, places: Sequence[Place], *, key: str) -> None:
    """Let somebody choose; those of `places` that can be compared are chosen already."""
    words = st.text_input(
        "Search",
        key=f"{key}_words",
        type="search",
        live=True,
        max_chars=100,
        placeholder="Search titles, prompts, tags and campaigns",
        icon=":material/search:",
        label_visibility="collapsed",
        width=340,
    )
    offered = compare_reads.offered(person, words or "")
    if not offered:
        st.info(
            "No video has these words. Try a shorter one." if words else "There are no videos yet.",
            icon=":material/search_off:" if words else ":material/movie:",
        )
    chosen = [one.video for one in places if isinstance(one, Compared)]
    if offered or chosen:
        wanted = compare_picker(offered, chosen, key=key)
        if wanted:
            go_to(wanted)


def show_choice(person: Person, places: Sequence[Place]) -> None:
    """Say what this page is for and what is missing, and let somebody choose."""
    left = [one for one in places if not isinstance(one, Absent)]
    if len(left) < len(places):
        st.warning(
            "It may be deleted for good, or it belongs to another team.",
            title="This video isn't here"
            if len(places) - len(left) == 1
            else "These videos aren't here",
            icon=":material/search_off:",
        )
    if left:
        st.markdown("One video is left. **Choose at least one more** to see them side by side.")
    else:
        st.markdown(
            f"Choose **{FEWEST} to {MOST} videos**. They play in step, side by side or under a "
            "wipe, and you see in what their prompts and settings differ."
        )
    choose(person, places or _selected(person), key="compare_choice")


def _selected(person: Person) -> list[Place]:
    ids = [str(one) for one in st.session_state.get(_SELECTION, [])][:MOST]
    return compare_reads.places(person, ids)


def show_player(person: Person, places: Sequence[Place]) -> None:
    """The videos, and what was asked of them."""
    there = [one for one in places if isinstance(one, Compared)]
    known = services()
    prompts = [one.video.prompt for one in there]
    wish = compare_player(
        Sheet(
            places=places,
            rows=rows_of(there, known.catalog, known.settings.zone),
            prompts=marked_texts(prompts),
            is_unmarked=is_unmarked(prompts),
            may_judge=person.role in SUBMITTING_ROLES,
        )
    )
    if wish.order is not None:
        go_to(wish.order)
    if (wish.judged or wish.favourite) and fulfil(person, wish):
        st.rerun()


def fulfil(person: Person, wish: Wish) -> bool:
    """Keep a verdict or a favourite; a refusal is said and leaves everything as it was."""
    known = services()
    try:
        if wish.judged:
            asked = wish.judged
            curation.judge(known, person, [UUID(asked.id)], asked.verdict, asked.comment)
        if wish.favourite:
            video_id, favourite = wish.favourite
            curation.favour(known, person, [UUID(video_id)], favourite=favourite)
    except StudioError as exc:
        st.toast(plain(f"{exc.happened} {exc.todo}".strip()), icon=":material/error:")
        return False
    return True


def note(person: Person, places: Sequence[Place]) -> None:
    """Write down what is compared: once, not again for each run or for fewer of the same."""
    ids = frozenset(one.id for one in places if isinstance(one, Compared))
    if len(ids) >= FEWEST and not ids <= st.session_state.get(_NOTED, frozenset()):
        library.note_compare(services(), person, ids)
        st.session_state[_NOTED] = ids


def is_coming(place: Place) -> bool:
    """Whether a video may still come of it."""
    return isinstance(place, Unfinished) and place.generation.status not in FINISHED


def look_again(ids: Sequence[str], *, coming: int) -> None:
    """The videos as they are by now; `coming` of them were being made when the page was run."""
    person = current_person()
    try:
        places = compare_reads.places(person, ids)
    except RecordUnavailable as exc:
        st.error(f"{exc.happened} Your videos are safe.", icon=":material/cloud_off:")
        st.button("Try again")
        return
    if sum(map(is_coming, places)) < coming:
        st.rerun()
    if sum(not isinstance(one, Absent) for one in places) < FEWEST:
        show_choice(person, places)
        return
    note(person, places)
    show_player(person, places)


@st.dialog("Add a video", width="large")
def add_video(ids: Sequence[str]) -> None:
    """Choose others beside those that are compared."""
    person = current_person()
    choose(person, compare_reads.places(person, ids), key="compare_more")


def show_header(ids: Sequence[str]) -> None:
    """The title, the way back, and one more video."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Compare", anchor=False, width="stretch")
        if FEWEST <= len(ids) < MOST and st.button(
            "Add", icon=":material/add:", help="Compare one more video"
        ):
            add_video(ids)
        st.page_link(GALLERY.file, label="Gallery", icon=GALLERY.icon)


def main() -> None:
    """The page."""
    person, ids = current_person(), asked_for()
    show_header(ids)
    coming = sum(map(is_coming, compare_reads.places(person, ids)))
    look = st.fragment(run_every=LOOK_AGAIN_S if coming else None)(look_again)
    look(ids, coming=coming)


main()
