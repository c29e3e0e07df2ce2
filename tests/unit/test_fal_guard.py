from __future__ import annotations

import inspect
from types import ModuleType

import fal_client
import fal_client.auth
import fal_client.client
import httpx
import pytest

from jobs.errors import FalError, FalOutcomeUnknown, FalUnavailable
from jobs.fal.client import FalClient
from jobs.fal.guard import FAULTS, Guard, Lost, NotSent, OnePost, SecondPost, fault

NOT_FROM_A_WIRE = {
    httpx.HTTPStatusError: "raise_for_status alone raises it, and the guard lets no bad status by",
    httpx.TooManyRedirects: "redirects are not followed",
    httpx.InvalidURL: "raised before a request exists; addresses are checked when they are taken",
    httpx.CookieConflict: "no cookie is read by name",
    httpx.StreamError: "a misuse of httpx, as the four below it",
    httpx.StreamConsumed: "as above",
    httpx.StreamClosed: "as above",
    httpx.ResponseNotRead: "as above",
    httpx.RequestNotRead: "as above",
}
FAL_CLIENT = {
    fal_client.client.FalClientError: "mapped with the unreadable answers",
    fal_client.client.FalClientHTTPError: "for a bad status, which leaves as Answered before",
    fal_client.client.FalClientTimeoutError: "only subscribe raises it, which we never call",
    fal_client.client.RealtimeError: "no realtime connection is opened",
    fal_client.auth.MissingCredentialsError: "a key is always given",
}


def exceptions_of(*modules: ModuleType) -> set[type[BaseException]]:
    return {
        thing
        for module in modules
        for thing in vars(module).values()
        if inspect.isclass(thing)
        and issubclass(thing, Exception)
        and thing.__module__.split(".")[0] == module.__name__.split(".")[0]
    }


def test_every_error_of_httpx_is_known() -> None:
    assert exceptions_of(httpx) == set(FAULTS) | set(NOT_FROM_A_WIRE)


def test_every_error_of_fal_client_is_known() -> None:
    modules = (fal_client, fal_client.client, fal_client.auth)
    assert exceptions_of(*modules) == set(FAL_CLIENT)


def test_only_errors_before_the_request_is_written_count_as_not_sent() -> None:
    not_sent = {kind for kind, what in FAULTS.items() if what is NotSent}
    assert not_sent == {
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    }


def test_an_error_that_httpx_may_add_counts_as_sent() -> None:
    class NewError(httpx.ConnectError):
        pass

    assert isinstance(fault(NewError("new")), Lost)


@pytest.mark.parametrize("kind", list(FAULTS))
def test_each_error_of_the_wire_ends_a_submit_by_what_was_sent(kind: type[Exception]) -> None:
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise kind("broken")

    client = FalClient("key", wire=httpx.MockTransport(handle), sleep=lambda _: None)
    with pytest.raises(FalError) as caught:
        client.submit("fal-ai/bytedance/x", {}, start_timeout_s=60)
    if FAULTS[kind] is NotSent:
        assert (type(caught.value), len(sent)) == (FalUnavailable, 3)
    else:
        assert (type(caught.value), len(sent)) == (FalOutcomeUnknown, 1)


def test_one_post_lets_nothing_through_a_second_time() -> None:
    post = OnePost(httpx.MockTransport(lambda request: httpx.Response(200)))
    request = httpx.Request("POST", "https://queue.fal.run/x")
    post.handle_request(request)
    with pytest.raises(SecondPost):
        post.handle_request(request)


def test_one_post_counts_an_attempt_that_failed() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken")

    post = OnePost(httpx.MockTransport(handle))
    request = httpx.Request("POST", "https://queue.fal.run/x")
    with pytest.raises(httpx.ReadError):
        post.handle_request(request)
    with pytest.raises(SecondPost):
        post.handle_request(request)


def test_nothing_is_sent_to_an_address_that_is_not_allowed() -> None:
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    guard = Guard(httpx.MockTransport(handle), lambda url: False, connect_s=1, timeout_s=1)
    with pytest.raises(FalError, match="does not send its fal key"):
        guard.handle_request(httpx.Request("GET", "https://evil.example/x"))
    assert sent == []
