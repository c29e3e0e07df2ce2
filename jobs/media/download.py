"""A video from fal's address to this machine's disk, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx

from jobs.errors import (
    BrokenVideo,
    DiskUnusable,
    FalError,
    FalResultGone,
    FalUnavailable,
    MediaTooLarge,
)

SILENCE_S = 20.0
"""Longest wait for the connection or the next bytes; a healthy link never falls silent so long."""

SHORT_BODY_TRIES = 3
"""A cut connection looks like a short file. A file that is short three times is short at fal."""

SPARE_BYTES = 256 * 1024 * 1024
"""Disk that stays free after the download: the record and the queue may live on the same disk."""

PAID = "fal bills a video once it has made it."

_TRY_LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True)
class DownloadedFile:
    """What came, complete and on disk."""

    size_bytes: int
    sha256: str
    """Lower-case hex."""
    content_type: str
    """As the server names it, without parameters; empty when it does not."""


def download(
    client: httpx.Client, url: str, target: Path, max_bytes: int, timeout_s: float
) -> DownloadedFile:
    """Fetch `url` into the file `target`, which appears only when all of it has come.

    No key is sent along, whatever `client` carries: the address itself is the permission. A body
    shorter than announced is fetched again, up to `SHORT_BODY_TRIES` times within `timeout_s`.

    Raises:
        FalResultGone: fal no longer gives the file out.
        FalUnavailable: fal can't be reached, is busy, or took more than `timeout_s`.
        FalError: the address is none.
        MediaTooLarge: the file has more than `max_bytes`.
        BrokenVideo: each time fewer bytes came than were announced.
        DiskUnusable: the disk has no room for it, or refuses it.
    """
    deadline = time.monotonic() + timeout_s
    part = target.with_name(f"{target.name}.part")
    try:
        with _mapped_disk_errors():
            file = _first_whole(client, url, part, max_bytes, deadline)
            part.replace(target)
        return file
    finally:
        part.unlink(missing_ok=True)


def _first_whole(
    client: httpx.Client, url: str, part: Path, max_bytes: int, deadline: float
) -> DownloadedFile:
    for _ in range(SHORT_BODY_TRIES - 1):
        try:
            return _fetch(client, url, part, max_bytes, deadline)
        except BrokenVideo:
            continue
    return _fetch(client, url, part, max_bytes, deadline)


def _fetch(
    client: httpx.Client, url: str, part: Path, max_bytes: int, deadline: float
) -> DownloadedFile:
    with _answer(client, url, deadline) as response:
        _check_status(response)
        announced = _announced_bytes(response)
        _check_room(part.parent, announced, max_bytes)
        try:
            size_bytes, sha256 = _write(response, part, max_bytes, deadline)
        except httpx.RemoteProtocolError as exc:
            raise _short(response.num_bytes_downloaded, announced) from exc
        if announced is not None and response.num_bytes_downloaded != announced:
            raise _short(response.num_bytes_downloaded, announced)
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return DownloadedFile(size_bytes, sha256, content_type)


@contextmanager
def _answer(client: httpx.Client, url: str, deadline: float) -> Iterator[httpx.Response]:
    with _mapped_http_errors():
        timeout_s = min(SILENCE_S, max(deadline - time.monotonic(), 0.001))
        # `identity`: the announced length then counts the bytes of the file itself.
        headers = {"accept-encoding": "identity", "accept": "video/*, */*;q=0.5"}
        request = client.build_request("GET", url, headers=headers, timeout=timeout_s)
        request.headers.pop("authorization", None)
        response = client.send(request, stream=True, auth=None, follow_redirects=True)
        try:
            yield response
        finally:
            response.close()


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    detail = f"HTTP {status} from {response.url.host}"
    if response.is_client_error and status not in _TRY_LATER:
        raise FalResultGone(
            "fal no longer gives the video out.",
            cost=PAID,
            todo="Generate it again; the same prompt and seed come close.",
            detail=detail,
        )
    raise _unavailable("fal does not give the video out at the moment.", detail)


def _announced_bytes(response: httpx.Response) -> int | None:
    value = response.headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _check_room(folder: Path, announced: int | None, max_bytes: int) -> None:
    if announced is not None and announced > max_bytes:
        raise _too_large(announced, max_bytes)
    needed = max_bytes if announced is None else announced
    if shutil.disk_usage(folder).free < needed + SPARE_BYTES:
        raise DiskUnusable(
            f"The disk has no room for {needed:,} bytes more.",
            cost=PAID,
            todo="Make room on the disk of the worker; the studio then fetches the video again.",
        )


def _write(
    response: httpx.Response, part: Path, max_bytes: int, deadline: float
) -> tuple[int, str]:
    size_bytes, digest = 0, hashlib.sha256()
    with part.open("wb") as file:
        # No chunk size: httpx would gather so much first, and a trickle would outlast the deadline.
        for chunk in response.iter_bytes():
            size_bytes += len(chunk)
            if size_bytes > max_bytes:
                raise _too_large(size_bytes, max_bytes)
            if time.monotonic() > deadline:
                raise _unavailable("Fetching the video from fal took too long.")
            digest.update(chunk)
            file.write(chunk)
    return size_bytes, digest.hexdigest()


@contextmanager
def _mapped_http_errors() -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as exc:
        raise FalError("fal's answer has no usable address of the video.", cost=PAID) from exc
    except httpx.RequestError as exc:
        raise _unavailable("fal could not be reached for the video.", repr(exc)) from exc


@contextmanager
def _mapped_disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise DiskUnusable(
            f"The video could not be written: {exc.strerror}.",
            cost=PAID,
            todo="Check the disk of the worker; the studio then fetches the video again.",
        ) from exc


def _unavailable(happened: str, detail: str = "") -> FalUnavailable:
    error = FalUnavailable(happened, todo="The studio tries again by itself.", detail=detail)
    error.cost = PAID
    return error


def _too_large(size_bytes: int, max_bytes: int) -> MediaTooLarge:
    return MediaTooLarge(
        f"The video has at least {size_bytes:,} bytes; the limit is {max_bytes:,}.",
        todo="Ask an administrator to raise STUDIO_MAX_VIDEO_MB.",
        cost=PAID,
    )


def _short(came: int, announced: int | None) -> BrokenVideo:
    expected = "its end" if announced is None else f"all of its {announced:,} bytes"
    return BrokenVideo(f"The video broke off after {came:,} bytes, before {expected}.", cost=PAID)
