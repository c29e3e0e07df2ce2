"""Telling receivers: once each, again when they were down, and never with an address in a log."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from jobs.alert_delivery import receivers, send, send_test
from jobs.alert_round import tell, wait_s, watch_alerts
from jobs.alert_words import trial_letter
from jobs.alerts import check_rules
from jobs.bootstrap import Services, fal_key
from jobs.errors import AlertNotDelivered, NotAllowed
from jobs.fal.polling import AsyncFalClient
from jobs.watcher import Watcher
from storage.logs import configure_logs
from storage.models import Person, Role
from storage.records import attempts
from storage.records.alerts import Delivery, Message
from storage.settings import load_settings
from tests.alert_receiver import SECRET, Receiver

Studio = Callable[..., Services]
Owner = Callable[..., list[Any]]
Delivered = Callable[[], list[Delivery]]
LOCKED = "fal refuses the account"
WAITS_OVER = "update studio.alert_deliveries set next_try_at = null"


def lock(services: Services) -> None:
    with services.database.as_service() as tx:
        attempts.lock_account(tx, "locked", probe_after_s=60)


def unlock(services: Services) -> None:
    with services.database.as_service() as tx:
        attempts.unlock_account(tx)
    check_rules(services, settle_s=0)


def test_an_alert_and_its_end_are_told_once_each(studio_with: Studio, receiver: Receiver) -> None:
    studio = studio_with(receiver.url)
    lock(studio)
    for _ in range(5):
        watch_alerts(studio)
    assert receiver.titles == [LOCKED]
    unlock(studio)
    for _ in range(5):
        watch_alerts(studio)
    assert receiver.titles == [LOCKED, f"Resolved: {LOCKED}"]
    assert [message["type"] for message in receiver.taken] == ["failure", "success"]


def test_what_comes_again_later_is_told_again(studio_with: Studio, receiver: Receiver) -> None:
    studio = studio_with(receiver.url)
    for _ in range(2):
        lock(studio)
        watch_alerts(studio)
        unlock(studio)
        watch_alerts(studio)
    assert receiver.titles == [LOCKED, f"Resolved: {LOCKED}"] * 2


def test_a_message_says_what_happened_what_it_cost_what_to_do_and_where(
    studio_with: Studio, receiver: Receiver
) -> None:
    studio = studio_with(receiver.url, public_url="https://studio.acme.test/")
    lock(studio)
    watch_alerts(studio)
    (message,) = receiver.taken
    parts = message["message"].split("\n\n")
    assert "has refused the account" in parts[0]
    assert "nothing is spent" in parts[1]
    assert parts[2].startswith("What to do: ")
    assert parts[3] == "https://studio.acme.test/alerts"


def test_without_an_address_of_the_studio_there_is_no_link(
    studio_with: Studio, receiver: Receiver
) -> None:
    studio = studio_with(receiver.url)
    lock(studio)
    watch_alerts(studio)
    assert "://" not in receiver.taken[0]["message"]


def test_an_open_alert_is_repeated_after_the_quiet_time_only(
    studio_with: Studio, receiver: Receiver, as_owner: Owner
) -> None:
    studio = studio_with(receiver.url, alert_quiet_s=3600)
    lock(studio)
    watch_alerts(studio)
    as_owner("update studio.alert_deliveries set told_at = told_at - interval '59 minutes'")
    watch_alerts(studio)
    assert receiver.titles == [LOCKED]
    as_owner("update studio.alert_deliveries set told_at = told_at - interval '2 minutes'")
    for _ in range(2):
        watch_alerts(studio)
    assert receiver.titles == [LOCKED, f"Still: {LOCKED}"]


def test_a_receiver_that_is_down_is_told_when_it_is_back(
    studio_with: Studio, receiver: Receiver, as_owner: Owner, delivered: Delivered
) -> None:
    studio = studio_with(receiver.url)
    receiver.status = 500
    lock(studio)
    for _ in range(3):
        watch_alerts(studio)
    assert receiver.turned_away == 1
    (failed,) = delivered()
    assert (failed.told, failed.tries) == (None, 1)
    assert failed.problem == "Webhook did not take the message (HTTP 500)."
    receiver.status = 200
    as_owner(WAITS_OVER)
    for _ in range(2):
        watch_alerts(studio)
    assert receiver.titles == [LOCKED]
    (taken,) = delivered()
    assert (taken.told, taken.tries, taken.problem) == (Message.OPENED, 0, None)


def test_one_that_was_down_all_the_while_is_told_that_it_is_over(
    studio_with: Studio, receiver: Receiver, as_owner: Owner
) -> None:
    studio = studio_with(receiver.url)
    receiver.status = 503
    lock(studio)
    watch_alerts(studio)
    unlock(studio)
    receiver.status = 200
    as_owner(WAITS_OVER)
    for _ in range(2):
        watch_alerts(studio)
    assert receiver.titles == [f"Resolved: {LOCKED}"]
    assert "has refused the account" in receiver.taken[0]["message"]


def test_a_receiver_that_is_down_keeps_no_other_waiting(
    studio_with: Studio, receiver: Receiver, other_receiver: Receiver, as_owner: Owner
) -> None:
    studio = studio_with(receiver.url, other_receiver.url)
    receiver.status = 500
    lock(studio)
    for _ in range(3):
        as_owner(WAITS_OVER)
        watch_alerts(studio)
    assert receiver.turned_away == 3
    assert other_receiver.titles == [LOCKED]


def test_a_receiver_that_is_new_is_not_told_what_is_over(
    studio_with: Studio, receiver: Receiver, other_receiver: Receiver
) -> None:
    before = studio_with(receiver.url)
    lock(before)
    watch_alerts(before)
    unlock(before)
    watch_alerts(studio_with(receiver.url, other_receiver.url))
    assert len(receiver.taken) == 2
    assert other_receiver.taken == []


def test_a_watcher_that_dies_before_it_notes_the_message_sends_it_again(
    studio_with: Studio, receiver: Receiver, as_owner: Owner
) -> None:
    studio = studio_with(receiver.url)
    lock(studio)
    watch_alerts(studio)
    as_owner("delete from studio.alert_deliveries")
    tell(studio)
    assert receiver.titles == [LOCKED, LOCKED]


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    waits = [wait_s(tries) for tries in range(100)]
    assert waits[:3] == [10, 20, 40]
    assert waits == sorted(waits)
    assert waits[-1] == 900


def test_the_watcher_tells_by_itself(studio_with: Studio, receiver: Receiver) -> None:
    studio = studio_with(receiver.url)
    lock(studio)

    async def until_told() -> None:
        stop = asyncio.Event()
        async with AsyncFalClient(fal_key(studio.settings), studio.settings.fal_base_url) as fal:
            watcher = asyncio.create_task(Watcher(studio, fal, stop).run())
            async with asyncio.timeout(30):
                while not receiver.taken:
                    await asyncio.sleep(0.02)
            stop.set()
            await watcher

    asyncio.run(until_told())
    assert receiver.titles == [LOCKED]


# --- the test alert ---


def test_a_test_alert_tells_for_each_receiver_whether_it_went_out(
    studio_with: Studio, receiver: Receiver, other_receiver: Receiver, add_person: Any
) -> None:
    other_receiver.status = 404
    studio = studio_with(receiver.url, other_receiver.url, f"nothing://{SECRET}")
    ada = add_person("Ada", role=Role.ADMIN)
    tried = send_test(studio, ada)
    assert [(t.receiver, t.problem and str(t.problem)) for t in tried] == [
        ("Webhook", None),
        ("Webhook 2", "Webhook 2 did not take the message (HTTP 404)."),
        ("Unreadable address", "An address in STUDIO_ALERT_URLS can't be read."),
    ]
    assert receiver.titles == ["Test alert"]
    assert "Ada has sent this" in receiver.taken[0]["message"]


def test_a_test_alert_is_for_administrators(
    studio_with: Studio, receiver: Receiver, add_person: Callable[..., Person]
) -> None:
    with pytest.raises(NotAllowed):
        send_test(studio_with(receiver.url), add_person("Mia", role=Role.MANAGER))
    assert receiver.taken == []


# --- secrets ---


@pytest.fixture
def every_line(capfd: pytest.CaptureFixture[str]) -> Any:
    """Everything that is logged at the most talkative level, as the processes write it."""
    root, usual = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    configure_logs("watcher", "DEBUG")
    root.setLevel(1)
    yield lambda: capfd.readouterr().err
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**usual)


def test_no_address_is_in_a_log_an_error_or_the_record(
    studio_with: Studio,
    receiver: Receiver,
    every_line: Callable[[], str],
    as_owner: Owner,
) -> None:
    closed = f"json://ann:{SECRET}@127.0.0.1:1/{SECRET}"
    studio = studio_with(receiver.url, closed, f"tgram://{SECRET}", f"slack://{SECRET}/b/c")
    receiver.status = 500
    lock(studio)
    watch_alerts(studio)
    for one in receivers(studio.settings):
        with pytest.raises(AlertNotDelivered) as failed:
            send(one, trial_letter(studio.settings, "Ada"))
        assert SECRET not in f"{failed.value!r} {failed.value.todo} {one!r}"
    lines = every_line()
    assert "alert not told" in lines
    assert SECRET not in lines
    assert SECRET not in json.dumps(as_owner("select * from studio.alert_deliveries"), default=str)


def test_no_address_is_in_the_settings_representation() -> None:
    settings = load_settings(alert_urls=f"json://ann:{SECRET}@h/x")
    assert SECRET not in f"{settings!r} {settings.model_dump()}"
