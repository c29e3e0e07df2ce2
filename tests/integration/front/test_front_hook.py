"""fal's calls at the real front door, signed by the real simulator."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from uuid import UUID

import httpx
import pytest

from dashboard import fal_hook
from dashboard import services as front_services
from jobs import watcher
from jobs.bootstrap import Services
from jobs.errors import FalUnavailable, FalWebhookInvalid
from jobs.fal.simulator.process import Simulator
from jobs.fal.webhooks import WebhookKeys
from jobs.hooks import HOOK_PATH, Hook, webhook_url
from jobs.submitting import submit_next
from storage.models import GenerationStatus
from storage.records import attempts, generations
from storage.settings import Settings, load_settings
from tests.integration.front.front_studio import served
from tests.watching import watching

WITHIN_S = 60.0


@dataclass(frozen=True)
class Call:
    """A webhook as the simulator sent it."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Courier:
    """Takes the simulator's calls, so that a test decides when and how they arrive."""

    url: str
    calls: Queue[Call]


@pytest.fixture
def courier() -> Iterator[Courier]:
    calls: Queue[Call] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()
            calls.put(Call({k: v for k, v in self.headers.items() if k.startswith("X-Fal")}, body))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield Courier(f"http://127.0.0.1:{server.server_port}", calls)
        server.shutdown()
        thread.join()


@pytest.fixture
def called(services: Services, courier: Courier) -> Services:
    """A studio whose webhooks go to the courier."""
    public = services.settings.model_copy(update={"public_url": courier.url})
    return replace(services, settings=public)


@pytest.fixture
def door(called: Services) -> Iterator[httpx.Client]:
    """The way that fal comes: no cookie, no browser."""
    front_services.install(called)
    with ExitStack() as stack:
        origin = stack.enter_context(served())
        yield stack.enter_context(httpx.Client(base_url=origin, trust_env=False, timeout=20))
    front_services.close_services()


@pytest.fixture
def look_at(called: Services) -> Callable[[UUID], datetime | None]:
    """When somebody last asked the watcher to look at a generation at once."""

    def read(generation_id: UUID) -> datetime | None:
        with called.database.as_service() as tx:
            (found,) = [w for w in attempts.watched(tx) if w.attempt.generation_id == generation_id]
        return found.look_at

    return read


@pytest.fixture
def waiting(submit: Callable[..., UUID], called: Services) -> UUID:
    """A generation that fal has accepted."""
    generation_id = submit()
    assert submit_next(called)
    return generation_id


def send(door: httpx.Client, call: Call, **changed: str) -> httpx.Response:
    return door.post(HOOK_PATH, content=call.body, headers={**call.headers, **changed})


def status_of(services: Services, generation_id: UUID) -> GenerationStatus:
    with services.database.as_service() as tx:
        return generations.by_id(tx, generation_id).status


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_faults(simulator: Simulator) -> bool:
    return bool(httpx.get(f"{simulator.url}/_simulator/faults", trust_env=False).json()["armed"])


def test_a_call_ends_the_watchers_wait(
    called: Services,
    door: httpx.Client,
    courier: Courier,
    submit: Callable[..., UUID],
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watcher, "next_poll_in_s", lambda *_: 3600.0)
    simulator.set_fault("status_502")
    generation_id = submit()
    with watching(called):
        submit_next(called)
        eventually(lambda: not has_faults(simulator))  # the first look learned nothing
        assert send(door, courier.calls.get(timeout=30)).status_code == 200
        eventually(lambda: status_of(called, generation_id) is GenerationStatus.COLLECTING)


def test_the_simulator_delivers_to_the_studio_itself(
    services: Services, submit: Callable[..., UUID], simulator: Simulator
) -> None:
    with served() as origin:
        settings = services.settings.model_copy(update={"public_url": origin})
        front_services.install(replace(services, settings=settings))
        submit()
        before = simulator.counts()["webhooks_delivered"]
        submit_next(replace(services, settings=settings))
        eventually(lambda: simulator.counts()["webhooks_delivered"] > before)
        front_services.close_services()


def test_a_call_says_nothing_that_is_believed(
    called: Services, door: httpx.Client, courier: Courier, waiting: UUID
) -> None:
    assert send(door, courier.calls.get(timeout=30)).status_code == 200
    with called.database.as_service() as tx:
        (attempt,) = attempts.of_generation(tx, waiting)
    assert status_of(called, waiting) is GenerationStatus.WAITING
    assert (attempt.state, attempt.completed_at) == ("accepted", None)


@pytest.mark.parametrize("header", ["Request-Id", "User-Id", "Timestamp", "Signature"])
def test_a_call_with_another_header_changes_nothing(
    door: httpx.Client,
    courier: Courier,
    waiting: UUID,
    look_at: Callable[[UUID], datetime | None],
    header: str,
) -> None:
    call, before = courier.calls.get(timeout=30), look_at(waiting)
    name = f"X-Fal-Webhook-{header}"
    changed = str(int(call.headers[name]) + 1) if header == "Timestamp" else "ab" * 64
    assert send(door, call, **{name: changed}).status_code == 400
    assert look_at(waiting) == before


def test_a_call_with_another_body_changes_nothing(
    door: httpx.Client,
    courier: Courier,
    waiting: UUID,
    look_at: Callable[[UUID], datetime | None],
) -> None:
    call, before = courier.calls.get(timeout=30), look_at(waiting)
    assert send(door, Call(call.headers, call.body + b" ")).status_code == 400
    assert send(door, Call({}, call.body)).status_code == 400
    assert look_at(waiting) == before


@pytest.mark.parametrize("off_s", [-400, 400])
def test_a_call_out_of_its_time_is_dropped(
    called: Services, courier: Courier, waiting: UUID, off_s: int
) -> None:
    call = courier.calls.get(timeout=30)
    then = datetime.now(UTC) + timedelta(seconds=off_s)
    hook = Hook(WebhookKeys(called.settings.fal_base_url), now=lambda: then)
    with pytest.raises(FalWebhookInvalid, match="time"):
        hook.hear(called.database, httpx.Headers(call.headers), call.body)


def test_a_repeated_call_is_answered_and_asks_only_once(
    door: httpx.Client,
    courier: Courier,
    waiting: UUID,
    look_at: Callable[[UUID], datetime | None],
) -> None:
    call, before = courier.calls.get(timeout=30), look_at(waiting)
    answers = [send(door, call).status_code]
    first = look_at(waiting)
    answers += [send(door, call).status_code for _ in range(3)]
    assert answers == [200] * 4
    assert first is not None
    assert before is not None
    assert first > before
    assert look_at(waiting) == first


def test_a_call_about_an_unknown_request_is_answered(
    called: Services, door: httpx.Client, courier: Courier, simulator: Simulator
) -> None:
    query = {"fal_webhook": courier.url}
    arguments = {"prompt": "A bottle turns", "image_url": f"{simulator.url}/files/none.png"}
    httpx.post(
        f"{simulator.url}/fal-ai/bytedance/seedance/v1/pro/fast/image-to-video",
        params=query,
        json=arguments,
        headers={"Authorization": "Key somebody-else"},
        trust_env=False,
    ).raise_for_status()
    assert send(door, courier.calls.get(timeout=30)).status_code == 200


def test_a_call_about_what_is_over_changes_nothing(
    called: Services,
    door: httpx.Client,
    courier: Courier,
    waiting: UUID,
    as_owner: Callable[..., list[Any]],
) -> None:
    call = courier.calls.get(timeout=30)
    as_owner("update studio.generations set status = 'collecting' where id = %s", waiting)
    assert send(door, call).status_code == 200
    (row,) = as_owner("select next_poll_at <= accepted_at from studio.attempts")
    assert row == (True,)


def test_a_call_that_is_too_large_is_not_read(door: httpx.Client) -> None:
    assert door.post(HOOK_PATH, content=b"x" * (fal_hook.MAX_BYTES + 1)).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * (fal_hook.MAX_BYTES // 32)

    assert door.post(HOOK_PATH, content=endless()).status_code == 413


def test_who_calls_falsely_too_often_has_to_wait(
    door: httpx.Client, courier: Courier, waiting: UUID
) -> None:
    call = courier.calls.get(timeout=30)
    false = [door.post(HOOK_PATH, content=b"{}") for _ in range(fal_hook.INVALID_PER_MINUTE - 1)]
    assert {answer.status_code for answer in false} == {400}
    assert [send(door, call).status_code for _ in range(3)] == [200] * 3
    assert door.post(HOOK_PATH, content=b"{}").status_code == 400
    answer = door.post(HOOK_PATH, content=b"{}")
    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (429, True)


def test_without_fals_keys_a_call_is_to_come_again(
    called: Services, door: httpx.Client, courier: Courier, waiting: UUID
) -> None:
    call = courier.calls.get(timeout=30)
    nowhere = called.settings.model_copy(update={"fal_base_url": "http://127.0.0.1:9"})
    front_services.install(replace(called, settings=nowhere))
    answer = send(door, call)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


def test_without_the_record_a_call_is_to_come_again(
    called: Services, door: httpx.Client, courier: Courier, waiting: UUID
) -> None:
    call = courier.calls.get(timeout=30)
    called.database.close()
    assert send(door, call).status_code == 503


def test_keys_that_could_not_be_fetched_are_not_fetched_for_every_call(
    called: Services, courier: Courier, waiting: UUID
) -> None:
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(503)

    seconds = [0.0]
    keys = WebhookKeys(called.settings.fal_base_url, wire=httpx.MockTransport(refuse))
    hook = Hook(keys, clock=lambda: seconds[0])
    for now_s in (0.0, 1.0, 29.0, 31.0):
        seconds[0] = now_s
        with pytest.raises(FalUnavailable):
            hook.hear(called.database, {}, b"{}")
    assert len(asked) == 2


def test_a_studio_that_asked_for_no_calls_takes_none(services: Services) -> None:
    front_services.install(services)
    with served() as origin, httpx.Client(base_url=origin, trust_env=False) as door:
        assert door.post(HOOK_PATH, content=b"{}").status_code == 404
    front_services.close_services()


@pytest.mark.parametrize(
    ("set_up", "expected"),
    [
        ({}, None),
        ({"fal_key": "k"}, None),
        ({"fal_key": "k", "public_url": "http://studio.test"}, None),
        ({"fal_key": "k", "public_url": "https://studio.test/"}, "https://studio.test/webhook/fal"),
        (
            {"fal_base_url": "http://127.0.0.1:1", "public_url": "http://127.0.0.1:2"},
            "http://127.0.0.1:2/webhook/fal",
        ),
    ],
)
def test_fal_is_given_an_address_that_it_calls(
    set_up: dict[str, str], expected: str | None
) -> None:
    settings: Settings = load_settings(**set_up)
    assert webhook_url(settings) == expected
