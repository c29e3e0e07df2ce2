"""Beside the form at every step: the image, the price, and Generate."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.components.create_draft import IMAGE, chosen_model
from dashboard.components.image_form import image_preview
from dashboard.components.price_tag import Quote, price_tag, price_words, room_warning
from dashboard.components.problem import show_problem
from dashboard.services import services
from jobs.pricing import estimate_usd
from jobs.requests import RequestDraft
from storage.errors import StudioError
from storage.models import Person

_MISSING = {"image": "a start image", "prompt": "a prompt"}


def summary_card(
    quote: Quote,
    problems: dict[str, list[str]],
    refusal: StudioError | None,
    *,
    label: str,
    on_generate: Callable[[], None],
) -> None:
    """What will be made and what it costs; `refusal` is why the last press did not go through."""
    with st.container(border=True):
        image_preview(IMAGE)
        price_tag(quote)
        room_warning(quote)
        price = price_words(quote.estimate).replace("$", r"\$")
        st.button(
            f"{label} · {price}",
            key="generate",
            type="primary",
            icon=":material/auto_awesome:",
            width="stretch",
            disabled=bool(problems),
            on_click=on_generate,
        )
        if problems:
            st.caption(_missing_words(problems))
        if refusal is not None:
            show_problem(refusal)


def quote_for(person: Person, draft: RequestDraft, campaign_id: UUID | None) -> Quote:
    """Price, budget and time of a draft in which every choice is made."""
    model = chosen_model(services().catalog)
    resolution = draft.resolution or model.default_resolution
    duration_s = draft.duration_s or model.default_duration_s
    ratio = draft.aspect_ratio or model.default_aspect_ratio
    return Quote(
        estimate_usd(model, resolution, ratio, duration_s, bool(draft.generate_audio)),
        reads.room(person.id, campaign_id),
        reads.usual_time(person.id, model, resolution, duration_s),
        services().settings.uses_simulator,
    )


def _missing_words(problems: dict[str, list[str]]) -> str:
    """What Generate waits for, with what was never filled in first."""
    parts = [_MISSING.get(field, "a correction of what is marked red") for field in problems]
    return f"Still needed: {' and '.join(sorted(set(parts), reverse=True))}."
