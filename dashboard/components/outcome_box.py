"""A submit whose answer was lost: what happened, what it may cost, and what a person can decide."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.components.money_words import dollars
from dashboard.components.price_tag import seconds_words
from dashboard.components.problem import show_problem
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.settling import adopt_request, end_as_not_submitted, submit_knowingly
from jobs.open_outcomes import OpenOutcome
from storage.errors import StudioError
from storage.models import GenerationStatus
from storage.records.outcomes import Decided, Decision

_CHOICE, _PROBLEM = "outcome_choice_{}", "outcome_problem_{}"
"""Keys of the session, by generation. The problem is kept as (choice, error)."""
_ADOPT, _ABSENT, _AGAIN = "I found it at fal", "fal never got it", "Submit it again"
_ICONS = {_ADOPT: ":material/link:", _ABSENT: ":material/link_off:", _AGAIN: ":material/replay:"}

_DECIDED = {
    Decided.ADOPTED: "found it at fal as",
    Decided.NOT_SUBMITTED: "marked it as not submitted",
    Decided.RESUBMITTED: "submitted it again",
}


def outcome_box(found: OpenOutcome, held_usd: Decimal) -> None:
    """The whole box. `held_usd` is what stays set aside."""
    with st.container(border=True):
        st.markdown(f":orange[:material/help:] **{_headline(found)}**")
        st.markdown(plain(_story(found, dollars(held_usd, round_up=True))))
        _seen(found)
        if found.resubmitted_as is not None:
            _second_submit(found.resubmitted_as)
        _decide(found, dollars(held_usd, round_up=True))


def open_notice(rows: list[dict[str, Any]]) -> None:
    """Above the list: how many of its rows wait for somebody who decides."""
    lost = sum(
        row["status"] == GenerationStatus.UNKNOWN and row["title"] is not None for row in rows
    )
    if lost:
        whose = "1 generation has" if lost == 1 else f"{lost} generations have"
        st.warning(
            f"{whose} an unknown outcome: fal's answer to the submit was lost. Open **Details** to "
            "see what the studio has found at fal, and to decide.",
            icon=":material/help:",
        )


def decisions_list(decisions: list[Decision]) -> None:
    """Who decided what about a lost answer, when and why."""
    for decision in decisions:
        what = _DECIDED[decision.what]
        request = f" {decision.request_id}" if decision.request_id else ""
        late = " It was found at fal before that was done." * (decision.state == "overtaken")
        words = f"{_when(decision.decided_at)} · {decision.decided_by_name} {what}{request}."
        st.caption(
            f":material/gavel: {plain(words)} *{plain(decision.reason)}*{plain(late)}",
        )


def _headline(found: OpenOutcome) -> str:
    if len(found.attempt.found_ids) > 1:
        return f"Outcome unknown: fal has {len(found.attempt.found_ids)} requests like this"
    if found.is_past(datetime.now(UTC)):
        return "Outcome unknown: not found at fal in time"
    return "Outcome unknown: fal may be making this video, or not"


def _story(found: OpenOutcome, held: str) -> str:
    sent, until = _when(found.attempt.created_at), _when(found.chargeable_until)
    lost = f"The answer to the submit of {sent} was lost. {held} stays set aside"
    if found.is_past(datetime.now(UTC)):
        return f"{lost} until somebody decides. By now fal can hardly make it or bill it any more."
    stop = " It was stopped meanwhile: when it is found, fal is asked to stop it."
    return (
        f"{lost}: until {until} fal may still make it and bill it. The studio goes on looking for "
        f"it at fal. Don't submit it again.{stop * found.stopping}"
    )


def _seen(found: OpenOutcome) -> None:
    """What the studio has seen so far in fal's history."""
    attempt = found.attempt
    if attempt.looked_at is None:
        st.caption(":material/search: fal's request history has not been searched yet.")
        return
    ago_s = max((datetime.now(UTC) - attempt.looked_at).total_seconds(), 0.0)
    times = "once" if attempt.look_count == 1 else f"{attempt.look_count} times"
    result = _found_words(found)
    words = f"Searched fal's request history {times}, last {seconds_words(ago_s)} ago: {result}"
    st.caption(f":material/search: {plain(words)}")
    if attempt.found_ids:
        st.code("\n".join(attempt.found_ids), language=None, wrap_lines=True)


def _found_words(found: OpenOutcome) -> str:
    count = len(found.attempt.found_ids)
    if found.attempt.look_problem is not None:
        return f"it can't be read. {found.attempt.look_problem}"
    if count > 1:
        return (
            f"{count} requests carry this generation's image. Adopt the one to keep: it is charged "
            "here. Tell an administrator about the others, which fal may bill too."
        )
    return f"{count or 'no'} request carries this generation's image."


def _second_submit(new_id: UUID) -> None:
    st.markdown(
        "It was submitted again. If fal has made this one all the same, you get both videos, and "
        "both are charged."
    )
    if st.button("Open the second one", icon=":material/arrow_forward:"):
        st.query_params["generation"] = str(new_id)
        st.rerun()


def _decide(found: OpenOutcome, held: str) -> None:
    choices = [_ADOPT, _ABSENT] + [_AGAIN] * (found.resubmitted_as is None)
    choice = st.segmented_control(
        "What do you know?",
        choices,
        key=_CHOICE.format(found.generation_id),
        format_func=lambda name: f"{_ICONS[name]} {name}",
        help="Look in fal's dashboard, at the requests of that time, before you decide.",
    )
    if choice == _ADOPT:
        _adopt_form(found)
    elif choice == _ABSENT:
        _absent_form(found, held)
    elif choice == _AGAIN:
        _again_form(found, held)
    refused, problem = st.session_state.get(_PROBLEM.format(found.generation_id), (None, None))
    if choice is not None and refused == choice and problem is not None:
        show_problem(problem)


def _adopt_form(found: OpenOutcome) -> None:
    with st.form("outcome_adopt", border=False):
        st.caption(
            "The generation goes on with this request; its video is charged as fal bills it. The "
            "id is checked: fal has to know it, and it has to be made from this generation's image."
        )
        request_id = st.text_input("Request id at fal", placeholder="764cabcf-b745-4b3e-ae38-…")
        reason = _reason_field("Found in fal's dashboard")
        if st.form_submit_button("Adopt this request", type="primary"):
            _act(
                found.generation_id, lambda: adopt_request(found.generation_id, request_id, reason)
            )


def _absent_form(found: OpenOutcome, held: str) -> None:
    past = found.is_past(datetime.now(UTC))
    with st.form("outcome_absent", border=False):
        st.caption(f"It ends without a video, {plain(held)} is free again, nothing is charged.")
        reason = _reason_field("It is not in fal's dashboard")
        confirmed = past or st.checkbox(
            "I have looked at fal's requests. If fal has it all the same, it is paid for and lost."
        )
        if st.form_submit_button("Mark as not submitted", type="primary"):
            _act(
                found.generation_id,
                lambda: end_as_not_submitted(found.generation_id, reason, confirmed=confirmed),
            )


def _again_form(found: OpenOutcome, held: str) -> None:
    with st.form("outcome_again", border=False):
        st.caption(
            f"A new generation with its own money is queued. This one keeps {plain(held)} until "
            f"{plain(_when(found.chargeable_until))}, and ends then unless it is found at fal."
        )
        reason = _reason_field("It can't wait")
        confirmed = st.checkbox("I know that both may be charged.")
        if st.form_submit_button("Submit again", type="primary"):
            _act(
                found.generation_id,
                lambda: _open_second(found.generation_id, reason, confirmed=confirmed),
            )


def _reason_field(example: str) -> str:
    return st.text_input("Why", placeholder=example, max_chars=500)


def _open_second(generation_id: UUID, reason: str, *, confirmed: bool) -> None:
    new_id = submit_knowingly(generation_id, reason, confirmed=confirmed)
    st.query_params["generation"] = str(new_id)


def _act(generation_id: UUID, decide: Callable[[], None]) -> None:
    """Decide, or keep the reason why not; then show the generation as it is now."""
    choice, problem = _CHOICE.format(generation_id), _PROBLEM.format(generation_id)
    st.session_state.pop(problem, None)
    try:
        with st.spinner("Asking fal …"):
            decide()
    except StudioError as exc:
        st.session_state[problem] = (st.session_state.get(choice), exc)
    else:
        st.session_state.pop(choice, None)
    reads.queue.clear()
    reads.generation.clear()
    st.rerun()


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(services().settings.zone):%d %b %H:%M}"
