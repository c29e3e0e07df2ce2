"""Everything about one generation: state, times, prompts, settings, money, attempts, log."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import streamlit as st

from dashboard.components.facts import facts
from dashboard.components.money_words import dollars
from dashboard.components.outcome_box import decisions_list, outcome_box
from dashboard.components.pictures import shown_width
from dashboard.components.price_tag import seconds_words
from dashboard.components.problem import show_box
from dashboard.components.status_badge import phase_words, status_badge
from dashboard.components.timeline import timeline
from dashboard.error_frame import plain
from dashboard.reads import GenerationView
from dashboard.services import services
from jobs.errors import CatalogError
from jobs.open_outcomes import outcome_of
from jobs.pricing import hold_usd
from jobs.requests import title_of
from storage.models import FINAL_STATUSES, Attempt, Generation, GenerationStatus, InputImage

_S = GenerationStatus
_SETTINGS = {
    "resolution": "Resolution",
    "duration_s": "Length",
    "aspect_ratio": "Aspect ratio",
    "motion_intensity": "Motion",
    "camera_fixed": "Fixed camera",
    "generate_audio": "Sound",
    "enable_safety_checker": "Safety checker",
}


def generation_header(view: GenerationView) -> None:
    """Title, who asked for it, when, and where it stands."""
    generation = view.generation
    st.subheader(plain(title_of(generation.prompt)))
    with st.container(horizontal=True, vertical_alignment="center"):
        stop_asked = generation.cancel_requested_at is not None
        status_badge(generation.status, stop_asked=stop_asked)
        who = f"{generation.person_name} · {_label(generation)} · {_when(generation.created_at)}"
        campaign = f" · {generation.campaign_name}" if generation.campaign_name else ""
        st.caption(plain(who + campaign), width="stretch")


def generation_body(view: GenerationView) -> None:
    """What is below the header, in two columns."""
    left, right = st.columns([7, 4], gap="large")
    with left:
        _state(view)
        with st.container(border=True):
            st.markdown("**Where the time goes**")
            timeline(view.history, datetime.now(UTC))
            decisions_list(view.decisions)
        _prompts(view.generation)
        _log(view.attempts)
    with right:
        _pictures(view.generation)
        _money(view)
        _settings(view.generation)
        _attempts(view.attempts)


def _state(view: GenerationView) -> None:
    """What happens now, or what happened, what it cost and what to do."""
    generation = view.generation
    found = outcome_of(services().catalog, generation, view.attempts, view.decisions)
    if found is not None:
        outcome_box(found, _held_usd(view))
    elif generation.status is _S.UNKNOWN:
        held = dollars(_held_usd(view), round_up=True)
        st.warning(
            plain(
                f"Outcome unknown. {held} stays set aside; the studio is looking for it at fal. "
                "Don't submit it again."
            ),
            icon=":material/search:",
        )
    elif generation.status is _S.CANCELING and generation.problem is not None:
        st.warning(plain(f"{generation.problem} {generation.todo or ''}"), icon=":material/timer:")
    elif generation.status is _S.FAILED:
        show_box(generation.problem or "It failed.", _cost_words(view), generation.todo or "")
    else:
        position = view.attempts[-1].queue_position if view.attempts else None
        row = {
            "status": generation.status,
            "place": None,
            "claimed": False,
            "cancel_requested_at": generation.cancel_requested_at,
            "queue_position": position,
            "tries": int(generation.problem is not None),
            "problem": generation.problem,
        }
        st.markdown(plain(phase_words(row)))


def _cost_words(view: GenerationView) -> str:
    if view.charge is None:
        return "Nothing was spent."
    return f"fal billed it although it failed: {dollars(view.charge.amount_usd)} was charged."


def _prompts(generation: Generation) -> None:
    with st.container(border=True):
        beside = st.container(horizontal=True, wrap=False)
        if generation.status is _S.COMPLETED:
            beside.image(_input(generation, "start"), width=96, alt="Start image")
        words = beside.container()
        words.markdown("**Prompt**")
        words.text(generation.prompt)
        if generation.sent_prompt == generation.prompt:
            words.caption("fal gets exactly this.")
        else:
            words.caption("What fal gets, with the words for the motion")
            words.text(generation.sent_prompt)


def _log(attempts: list[Attempt]) -> None:
    lines = [str(line.get("message", "")) for line in (attempts[-1].logs if attempts else [])]
    if lines:
        with st.expander(f"fal's log ({len(lines)} lines)", icon=":material/notes:"):
            st.code("\n".join(lines[-200:]), language=None, wrap_lines=True)


def _pictures(generation: Generation) -> None:
    """The video once it is there, until then what it is made from."""
    if generation.status is _S.COMPLETED:
        st.video(f"/app/static/media/{generation.id}/web", muted=True, autoplay=True, loop=True)
        return
    _show_input(generation, "start", generation.start_image)
    if generation.end_image is not None:
        _show_input(generation, "end", generation.end_image)


def _show_input(generation: Generation, which: str, image: InputImage) -> None:
    with st.container(horizontal_alignment="center"):
        width = shown_width(image.width, image.height)
        st.image(_input(generation, which), width=width, alt=f"{which.capitalize()} image")


def _input(generation: Generation, which: str) -> str:
    return f"/app/static/input/{generation.id}/{which}"


def _money(view: GenerationView) -> None:
    lines = [("Estimate", dollars(view.generation.estimate_usd))]
    if view.hold is not None:
        lines.append(("Set aside now", dollars(view.hold.amount_usd, round_up=True)))
    if view.charge is not None:
        lines.append(("Charged", dollars(view.charge.amount_usd)))
    elif view.generation.status in FINAL_STATUSES:
        lines.append(("Charged", "$0.00"))
    with st.container(border=True):
        facts("Money", lines)
        if view.charge is not None and view.charge.verified:
            st.caption(":green-badge[Verified] This is what fal says it billed.")
        elif view.charge is not None:
            st.caption(
                ":orange-badge[Unverified] fal gave no believable bill; the estimate was charged. "
                "Managers correct or confirm it on the page Budgets, under *Correct a charge*."
            )


def _settings(generation: Generation) -> None:
    chosen = generation.parameters
    lines = [(name, _value_words(key, chosen[key])) for key, name in _SETTINGS.items()]
    if generation.seed is not None:
        lines.append(("Seed", str(generation.seed)))
    with st.container(border=True):
        facts("Settings", lines)


def _attempts(attempts: list[Attempt]) -> None:
    for attempt in attempts:
        lines = [("State", attempt.state.value), ("Sent", _when(attempt.created_at))]
        if attempt.inference_s is not None:
            lines.append(("fal's own time", seconds_words(attempt.inference_s)))
        if attempt.request_id:
            lines.append(("Request id", attempt.request_id))
        with st.container(border=True):
            facts(f"Attempt {attempt.number}", lines)


def _value_words(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if key == "duration_s":
        return f"{value} s"
    if key == "motion_intensity":
        return f"{float(str(value)):.0%}"
    return "like the image" if value == "auto" else str(value)


def _held_usd(view: GenerationView) -> Decimal:
    return view.hold.amount_usd if view.hold else hold_usd(view.generation.estimate_usd)


def _label(generation: Generation) -> str:
    try:
        return services().catalog.by_key(generation.model).label
    except CatalogError:
        return generation.model


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(services().settings.zone):%d %b %H:%M:%S}"
