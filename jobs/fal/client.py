"""The one door to fal: the unmodified `fal_client` on our wire, with our retries and our errors.

Safe calls (upload, status, result, cancel, history) are tried up to three times. A submit is sent
once: fal has no idempotency key, so a second POST is a second bill.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from uuid import uuid4

import fal_client.client as stock
import httpx
import tenacity

from jobs.errors import FalResultGone
from jobs.fal import answers, history
from jobs.fal.addresses import addresses
from jobs.fal.guard import Answered, Fault, NotSent, OnePost, json_object
from jobs.fal.headers import retry_after_s, submit_headers
from jobs.fal.messages import (
    Accepted,
    CancelOutcome,
    FalResult,
    FalStatus,
    FoundRequest,
    RequestRef,
    Timeouts,
)
from jobs.fal.sdk import Connection, Sdk
from jobs.fal.statuses import cancel_refusal, queue_position, studio_status

TRIES = 3
MAX_WAIT_S = 30.0
UPLOAD_LIFETIME_S = 24 * 3600
"""fal deletes an uploaded start image after a day; the original is in our own store."""
_PROBE_ENDPOINT = "fal-ai/bytedance"
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, stock.FalClientError)
"""What the stock client raises over a 2xx answer that is not what fal documents."""
_T = TypeVar("_T")


class FalClient:
    """Submits and collects. Safe to make before a fork: it connects at its first call.

    `key` is the account's key; `base_url` a simulator's address, None for the real fal. `sleep`
    waits between tries and `wire` takes the place of the network; both are for tests.

    Every method may raise `FalAccountLocked` (stop submitting, tell an administrator),
    `FalUnavailable` (nothing was booked, later may work) and `FalError` (fal broke its protocol).

    Raises:
        SettingsError: `base_url` is not an address nearby.
    """

    def __init__(
        self,
        key: str,
        base_url: str | None = None,
        *,
        timeouts: Timeouts | None = None,
        sleep: Callable[[float], None] = time.sleep,
        wire: httpx.BaseTransport | None = None,
    ) -> None:
        self._key = key
        self._fal = addresses(base_url)
        self._timeouts = timeouts or Timeouts()
        self._sleep = sleep
        self._wire = wire
        self._open: dict[int, Connection] = {}  # by process

    def __repr__(self) -> str:
        return f"FalClient({self._fal.base_url or 'fal'})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The next call opens new ones."""
        opened = self._open.pop(os.getpid(), None)
        if opened is not None:
            opened.close()

    def upload(self, source: Path | bytes, content_type: str, file_name: str) -> str:
        """Give fal a file for a day. Each call gives a new public address, so it marks a submit.

        Raises:
            FalBadInput: fal does not take the file.
        """
        data = source if isinstance(source, bytes) else source.read_bytes()

        def send() -> str:
            return self._sdk().upload(
                data,
                content_type,
                file_name,
                repository="fal_v3",
                fallback_repository=[],  # the stock fallback passes the key on to another store
                lifecycle=stock.StorageSettings(expires_in=UPLOAD_LIFETIME_S),
            )

        return self._safely(send)

    def submit(
        self,
        endpoint: str,
        arguments: Mapping[str, Any],
        *,
        start_timeout_s: float,
        webhook_url: str | None = None,
        tags: Mapping[str, str] | None = None,
        low_priority: bool = False,
    ) -> Accepted:
        """Send one request; it costs money. At most one POST ever leaves.

        fal gives the request back unpaid when it has not started within `start_timeout_s` (> 1).
        `tags` label it in fal's billing. Model fallback is off: we pay for the model we priced.
        Only a failure to connect, before anything is sent, is tried again.

        Commit the intent before calling: any other way out (a signal, a kill) is unknown, too.

        Raises:
            FalOutcomeUnknown: it may have been booked. Never send it again.
            FalBadInput, FalRefused: turned away, not booked.
            FalAccountLocked, FalUnavailable: not booked.
            ValueError: a tag that fal would drop, or a start timeout of a second or less.
        """
        headers = submit_headers(tags or {}, start_timeout_s)
        priority: Literal["normal", "low"] = "low" if low_priority else "normal"

        def send(sdk: Sdk) -> stock.SyncRequestHandle:
            return sdk.submit(
                endpoint,
                dict(arguments),
                webhook_url=webhook_url,
                priority=priority,
                headers=headers,
                start_timeout=start_timeout_s,
            )

        return self._submitted(endpoint, send)

    def status(self, request: RequestRef, *, with_logs: bool = True) -> FalStatus:
        """Where the request stands.

        Raises:
            FalResultGone: fal does not know it.
        """
        return self._safely(
            lambda: studio_status(self._handle(request).status(with_logs=with_logs))
        )

    def result(self, request: RequestRef) -> FalResult:
        """The video of a request that has ended; asks once for it and never waits for the end.

        Of the errors, `FalUnavailable` alone is about this call: ask again later. `FalNotFinished`
        means the request still runs. All others are the request's end and carry
        `billable_units`.

        Raises:
            FalRefused: content check; `cause` says of what.
            FalBadInput: an input that the model can't use.
            FalGenerationFailed: the model failed for good.
            FalTimedOut: not started or not finished in time.
            FalCanceled: cancelled before it finished.
            FalResultGone: fal no longer keeps it.
            FalNotFinished: too early.
        """
        try:
            answer = self._retried(lambda: self._sdk().http.get(request.response_url))
        except (Answered, Fault) as exc:
            raise answers.result_error(exc, time.time()) from exc
        return answers.result_of(answer)

    def cancel(self, request: RequestRef) -> CancelOutcome:
        """Ask fal to stop. Safe to repeat; only the status tells how it ends."""

        def send() -> CancelOutcome:
            try:
                self._handle(request).cancel()
            except Answered as exc:
                return cancel_refusal(exc)
            return CancelOutcome.REQUESTED

        return self._safely(send)

    def find_requests(
        self,
        endpoint: str,
        since: datetime,
        marker_image_url: str,
        *,
        until: datetime | None = None,
    ) -> list[FoundRequest]:
        """Requests in fal's history since then whose start image has exactly this address.

        `until` is when such a request must have ended, None: it is not known. fal does not document
        which of a request's times its history is cut by, so it is the latest of them.
        None found does not prove that none was booked: fal does not document whether waiting and
        running requests are listed.

        Raises:
            FalError: the key may not read the history, or it is not as documented.
        """
        return [
            history.found_request(item, lambda rid: self.request_ref(endpoint, rid))
            for item in self._history(endpoint, since, **_end(until))
            if history.has_marker(item, marker_image_url)
        ]

    def shown_request(self, endpoint: str, since: datetime, request_id: str) -> FoundRequest | None:
        """The request with this id in fal's history since then; None: it is not listed there.

        Raises:
            FalError: the key may not read the history, or it is not as documented.
        """
        for item in self._history(endpoint, since, request_id=request_id):
            if item.get("request_id") == request_id:
                return history.found_request(item, lambda rid: self.request_ref(endpoint, rid))
        return None

    def request_ref(self, endpoint: str, request_id: str) -> RequestRef:
        """The addresses of a request of which only the id is known, as the stock client has them.

        For requests found in the history or named by a webhook; else keep what submit gave.
        """
        handle = self._sdk().get_handle(endpoint, request_id)
        return RequestRef(request_id, handle.status_url, handle.response_url, handle.cancel_url)

    def probe_key(self) -> None:
        """Check key and account without cost, by the status of a request that does not exist.

        Returns when the key is good.
        """
        try:
            self.status(self.request_ref(_PROBE_ENDPOINT, str(uuid4())), with_logs=False)
        except FalResultGone:
            return

    def _history(self, endpoint: str, since: datetime, **filters: str) -> Iterator[dict[str, Any]]:
        params = {
            "endpoint_id": endpoint,
            "start": _moment(since),
            "expand": "payloads",
            "limit": str(history.PAGE_SIZE),
            **filters,
        }

        def page(cursor: str | None) -> dict[str, Any]:
            return self._history_page(params if cursor is None else {**params, "cursor": cursor})

        return history.all_items(page)

    def _history_page(self, params: Mapping[str, str]) -> dict[str, Any]:
        url = self._fal.api_url + history.PATH
        with reading_answers():
            try:
                answer = self._retried(lambda: self._sdk().http.get(url, params=params))
            except Answered as exc:
                if exc.status == 403:  # a key's missing right, not a locked account
                    raise history.forbidden() from exc
                raise
        return json_object(answer.content)

    def _submitted(self, endpoint: str, send: Callable[[Sdk], stock.SyncRequestHandle]) -> Accepted:
        try:
            return self._retrying(lambda exc: isinstance(exc, NotSent))(
                self._post_once, endpoint, send
            )
        except (Answered, Fault) as exc:
            raise answers.submit_error(exc, time.time()) from exc

    def _post_once(self, endpoint: str, send: Callable[[Sdk], stock.SyncRequestHandle]) -> Accepted:
        sdk, post = self._connection().sdk_for_one_post()
        try:
            handle = send(sdk)
        except _UNREADABLE as exc:
            if post.answer is None:  # our own mistake: it never came to sending
                raise
            raise answers.unknown(exc, post.answer) from exc
        return self._accepted(endpoint, handle, post)

    def _accepted(self, endpoint: str, handle: stock.SyncRequestHandle, post: OnePost) -> Accepted:
        told = (handle.request_id, handle.status_url, handle.response_url, handle.cancel_url)
        if not all(isinstance(part, str) and part for part in told):
            raise answers.unknown(TypeError("an id or address is no text"), post.answer)
        ref = RequestRef(*told)
        if not all(self._fal.is_ours(url) for url in told[1:]):
            # Booked and known by its id; only the addresses can't be used.
            ref = self.request_ref(endpoint, handle.request_id)
        return Accepted(
            ref.request_id,
            ref.status_url,
            ref.response_url,
            ref.cancel_url,
            queue_position=queue_position(post.answer),
        )

    def _handle(self, request: RequestRef) -> stock.SyncRequestHandle:
        return stock.SyncRequestHandle(
            request_id=request.request_id,
            response_url=request.response_url,
            status_url=request.status_url,
            cancel_url=request.cancel_url,
            client=self._sdk().http,
        )

    def _sdk(self) -> Sdk:
        return self._connection().sdk()

    def _connection(self) -> Connection:
        """This process's connection: one inherited through a fork belongs to the parent.

        Threads that come first at once each make one and agree on one of them, without a lock that
        a fork could inherit closed.
        """
        opened = self._open.get(os.getpid())
        if opened is None:
            made = Connection(self._key, self._fal, self._timeouts, self._wire)
            opened = self._open.setdefault(os.getpid(), made)
            if opened is not made and self._wire is None:
                made.close()
        return opened

    def _safely(self, call: Callable[[], _T]) -> _T:
        """`call`, tried up to three times, its errors as ours."""
        with reading_answers():
            return self._retried(call)

    def _retried(self, call: Callable[[], _T]) -> _T:
        return self._retrying(answers.is_transient)(call)

    def _retrying(self, again: Callable[[BaseException], bool]) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda exc: again(exc) and _asked_wait_s(exc) <= MAX_WAIT_S
            ),
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_backoff_s,
            sleep=self._sleep,
            reraise=True,
        )


@contextmanager
def reading_answers() -> Iterator[None]:
    """Errors of a call that books nothing, as ours."""
    try:
        yield
    except (Answered, Fault) as exc:
        raise answers.call_error(exc, time.time()) from exc
    except _UNREADABLE as exc:
        raise answers.unreadable("an unknown form", f"{type(exc).__name__}: {exc}") from exc


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _end(until: datetime | None) -> dict[str, str]:
    """The end of a search of the history; none while it is still to come."""
    return {"end": _moment(until)} if until is not None and until < datetime.now(UTC) else {}


def _asked_wait_s(exc: BaseException | None) -> float:
    if not isinstance(exc, Answered):
        return 0.0
    return retry_after_s(exc.headers, time.time()) or 0.0


def _backoff_s(state: tenacity.RetryCallState) -> float:
    """1 s, 2 s, 4 s … and up to a tenth more, or what fal asked for; at most 30 s."""
    failed = state.outcome.exception() if state.outcome else None
    spread = 1 + random.uniform(0, 0.1)  # noqa: S311 - spreads load, keeps no secret
    own = 2.0 ** (state.attempt_number - 1) * spread
    return min(MAX_WAIT_S, max(own, _asked_wait_s(failed)))
