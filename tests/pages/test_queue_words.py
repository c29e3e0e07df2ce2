from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.live_queue import row_data
from dashboard.components.money_words import dollars
from dashboard.components.price_tag import seconds_words, time_words
from dashboard.components.queue_notices import sections_of, why_words
from dashboard.components.status_badge import LOOKS, phase_words
from dashboard.components.timeline import PHASES, phases_of
from dashboard.reads import QueueView, UsualTime
from jobs.fal.catalog import load_catalog
from jobs.lifecycle import can_stop
from jobs.limits import HeldBack
from storage.models import FINAL_STATUSES, GenerationStatus
from storage.records.attempts import Account
from storage.records.generations import HistoryEntry, QueueLoad
from storage.settings import load_settings

NOW = datetime(2026, 9, 29, 12, 0, tzinfo=UTC)
CATALOG = load_catalog()
S = GenerationStatus


def row(status: GenerationStatus, **changes: Any) -> dict[str, Any]:
    usual = {
        "id": uuid4(),
        "person_name": "Ann",
        "mine": True,
        "title": "The bottle turns",
        "status": status.value,
        "model": "seedance-1.0-pro-fast",
        "created_at": NOW - timedelta(seconds=30),
        "finished_at": NOW if status in FINAL_STATUSES else None,
        "place": None,
        "own_place": None,
        "claimed": False,
        "cancel_requested_at": None,
        "stage": "waiting",
        "queue_position": None,
        "tries": 0,
        "problem": None,
        "cause": None,
        "last_log": None,
        "estimate_usd": Decimal("0.10296"),
        "charge_usd": None,
    }
    return usual | changes


@pytest.mark.parametrize("status", S)
def test_every_status_has_words_a_look_and_the_right_buttons(status: GenerationStatus) -> None:
    data = row_data(row(status), CATALOG, NOW)
    assert data["phase"]
    assert data["words"] == LOOKS[status].words
    assert ("stop" in [act["name"] for act in data["acts"]]) == can_stop(status)
    assert data["active"] == (status not in FINAL_STATUSES)


@pytest.mark.parametrize("status", sorted(set(S) - FINAL_STATUSES))
def test_every_unfinished_status_has_a_bar(status: GenerationStatus) -> None:
    assert PHASES[status][0]


def test_a_hidden_row_tells_neither_prompt_nor_money() -> None:
    hidden = row(S.RUNNING, mine=False, title=None, estimate_usd=None)
    data = row_data(hidden, CATALOG, NOW)
    assert (data["title"], data["money"], data["picture"]) == ("Ann's generation", "", "")
    assert data["acts"] == []


def test_a_model_that_left_the_catalogue_keeps_its_key() -> None:
    assert row_data(row(S.FAILED, model="gone-1.0"), CATALOG, NOW)["model"] == "gone-1.0"


@pytest.mark.parametrize(
    ("position", "words"),
    [(None, "Waiting for fal"), (0, "Next in fal's queue"), (3, "Place 4 in fal's queue")],
)
def test_places_at_fal_are_counted_from_one(position: int | None, words: str) -> None:
    assert phase_words(row(S.WAITING, queue_position=position)).startswith(words)


def test_a_postponed_one_says_why() -> None:
    words = phase_words(row(S.QUEUED, tries=2, problem="fal is busy.", place=1))
    assert words == "Trying again soon. fal is busy."


def test_an_unknown_outcome_shows_what_stays_set_aside() -> None:
    assert row_data(row(S.UNKNOWN), CATALOG, NOW)["money"] == "$0.11 stays set aside"


def test_a_billed_failure_shows_its_charge() -> None:
    failed = row(S.FAILED, charge_usd=Decimal("0.5"))
    assert row_data(failed, CATALOG, NOW)["money"] == "$0.50 charged"


def test_a_place_is_told_in_all_and_among_ones_own() -> None:
    words = phase_words(row(S.QUEUED, place=12, own_place=2))
    assert words == "Place 12 in our queue, 2 of your own."
    others = phase_words(row(S.QUEUED, place=12, own_place=2, mine=False))
    assert others == "Place 12 in our queue."


def test_what_a_worker_has_in_hand_does_not_wait() -> None:
    data = row_data(row(S.QUEUED, claimed=True), CATALOG, NOW)
    assert (data["words"], data["phase"]) == ("Sending to fal", "Handing it to fal.")


def test_after_a_stop_nothing_is_said_to_be_collected() -> None:
    data = row_data(row(S.COLLECTING, cancel_requested_at=NOW), CATALOG, NOW)
    assert data["words"] == "Stopping"
    assert "kept and charged" in data["phase"]


LOAD = QueueLoad(in_flight=2, own_in_flight=1, queued=40, own_queued=5)


def queue_view(load: QueueLoad = LOAD, *, locked: bool = False, **counts: int) -> QueueView:
    numbers = dict.fromkeys(("all", "waiting", "at_fal", "collecting", "mine"), 0) | counts
    totals = {f"n_{name}": n for name, n in numbers.items()}
    return QueueView([row(S.QUEUED, **totals)], Account(NOW if locked else None, None, None), load)


@pytest.mark.parametrize(
    ("load", "locked", "own", "why"),
    [
        (LOAD, True, True, HeldBack.ACCOUNT_LOCKED),
        (LOAD, False, True, HeldBack.ACCOUNT_FULL),
        (QueueLoad(3, 2, 40, 5), False, True, HeldBack.PERSON_LIMIT),
        (QueueLoad(3, 2, 40, 5), False, False, HeldBack.ACCOUNT_FULL),
        (QueueLoad(1, 0, 40, 5), False, True, HeldBack.ITS_TURN),
    ],
)
def test_the_heading_says_why_one_waits(
    load: QueueLoad, locked: bool, own: bool, why: HeldBack
) -> None:
    settings = load_settings(fal_concurrency=2, person_concurrency=2)
    sections = sections_of(queue_view(load, locked=locked), settings, own=own)
    assert sections["waiting"].note == why_words(why, settings)


def test_headings_count_what_the_list_leaves_out() -> None:
    view = queue_view(all=512, waiting=500, at_fal=2, collecting=1, mine=500)
    sections = sections_of(view, load_settings(), own=True)
    found = {stage: section.count for stage, section in sections.items()}
    assert found == {"collecting": 1, "at_fal": 2, "waiting": 500, "ended": 9}
    assert view.mine_is_moving


def test_an_empty_queue_counts_nothing() -> None:
    view = QueueView([], Account(None, None, None), QueueLoad(0, 0, 0, 0))
    assert view.total("all") == 0
    assert not view.mine_is_moving


def history(*moves: tuple[GenerationStatus, float]) -> list[HistoryEntry]:
    return [HistoryEntry(None, status, NOW + timedelta(seconds=at)) for status, at in moves]


def test_phases_follow_each_other_and_end_with_the_final_status() -> None:
    phases = phases_of(
        history((S.QUEUED, 0), (S.SUBMITTING, 2), (S.WAITING, 3), (S.FAILED, 7)), NOW
    )
    assert [(phase.status, phase.start_s, phase.length_s) for phase in phases] == [
        (S.QUEUED, 0, 2),
        (S.SUBMITTING, 2, 1),
        (S.WAITING, 3, 4),
    ]


def test_the_last_phase_of_an_unfinished_one_ends_now() -> None:
    (phase,) = phases_of(history((S.QUEUED, -5)), NOW)
    assert phase.length_s == 5


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_seconds_in_words(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


def test_a_known_range_is_shown_as_one() -> None:
    assert time_words(UsualTime(12.2, 19.8)) == "Usually 12 s to 20 s"
    assert time_words(UsualTime(40, None)) == "Usually about 40 s"


@given(st.decimals(min_value=0, max_value=10**6, places=6))
def test_rounding_up_never_shows_less(usd: Decimal) -> None:
    shown = Decimal(dollars(usd, round_up=True).replace("$", "").replace(",", ""))
    assert shown >= usd
    assert shown - usd < Decimal("0.01")


@given(st.decimals(min_value="0.000051", max_value="0.01", places=6))
def test_what_is_not_free_is_never_shown_as_nothing(usd: Decimal) -> None:
    assert dollars(usd) not in ("$0.00", "$0.0000")
