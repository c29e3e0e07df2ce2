"""Which files of the selected videos go into a zip, and under which names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.bulk_acts import Said, say
from dashboard.components.curation_acts import refusal_words
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.video_facts import megabytes
from jobs import exports
from jobs.export_names import DEFAULT_TEMPLATE, FIELDS, MAX_TEMPLATE
from jobs.exports import RENDITIONS, Preview
from storage.errors import StudioError
from storage.models import Person, RenditionKind

_TEMPLATE, _RENDITION = "zip_template", "zip_rendition"
_SHOWN = 3
_LABELS = {
    RenditionKind.WEB: "Web (plays everywhere)",
    RenditionKind.ORIGINAL: "Original, as the model made it",
    RenditionKind.P480: "480p",
    RenditionKind.P360: "360p",
}


@st.fragment
def zip_form(person: Person, ids: Sequence[UUID], close: Callable[[], None]) -> None:
    """Files, names with a preview as one types, and the button that has the zip built."""
    rendition = st.selectbox(
        "Files", RENDITIONS, key=_RENDITION, format_func=lambda kind: _LABELS[kind]
    )
    template = st.text_input(
        "File names",
        DEFAULT_TEMPLATE,
        key=_TEMPLATE,
        max_chars=MAX_TEMPLATE,
        live=True,
        help=_help(),
    )
    try:
        seen = exports.preview(services(), person, ids, rendition, template or "")
    except StudioError as exc:
        st.error(plain(refusal_words(exc)), icon=":material/error:")
        seen = None
    if seen is not None:
        _show(seen)
    wanted = st.button(
        "Build the zip",
        type="primary",
        icon=":material/folder_zip:",
        width="stretch",
        disabled=seen is None or not seen.names,
        on_click=_ask,
        args=(person, ids, rendition, template, close),
    )
    if wanted:
        st.rerun()


def _ask(
    person: Person,
    ids: Sequence[UUID],
    rendition: RenditionKind,
    template: str,
    close: Callable[[], None],
) -> None:
    try:
        exports.request(services(), person, ids, rendition, template)
        reads.zips.clear()
    except StudioError as exc:
        say(Said(refusal_words(exc), failed=True))
    close()


def _show(seen: Preview) -> None:
    if seen.names:
        lines = "\n".join(seen.names[:_SHOWN])
        st.code(lines, language=None, wrap_lines=True)
    more = len(seen.names) - _SHOWN
    words = [f"and {more:,} more" if more > 0 else "", f"{megabytes(seen.size_bytes)} in all"]
    st.caption(", ".join(word for word in words if word) + ". With a manifest and a note for each.")
    if seen.missing:
        one = seen.missing == 1
        st.warning(
            f"{seen.missing:,} {'has' if one else 'have'} no such file; the manifest will say so.",
            icon=":material/warning:",
        )


def _help() -> str:
    fields = "\n".join(f"- `{{{name}}}` {words}" for name, words in FIELDS.items())
    return f"Fields between braces are filled in for each video:\n\n{fields}"
