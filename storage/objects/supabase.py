"""Files in a private bucket of Supabase Storage."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

import httpx
from pydantic import AwareDatetime, BaseModel, SecretStr, TypeAdapter, ValidationError
from storage3.exceptions import StorageApiError
from storage3.types import URLOptions
from supabase import ClientOptions, create_client
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from tenacity.wait import wait_base

from storage.errors import (
    ObjectNotFound,
    ObjectRefused,
    ObjectStoreError,
    ObjectStoreUnavailable,
    SettingsError,
)
from storage.objects.atomic import replacing
from storage.objects.base import StoredObject, checked_key

TRIES = 3
TIMEOUT_S = 60.0
"""Longest silence of the server. The client's own 20 s cut off the upload of a large video."""

CACHE_S = 365 * 24 * 3600
"""How long a browser or CDN may keep a file: the content under a key never changes."""

_TYPES = ["video/*", "image/*", "application/zip"]
_ROWS_PER_PAGE = 100
_KEYS_PER_REMOVE = 100
_SEVERAL_TRIES_HELP = {"408", "425", "429"}
_ADVICE_KEY = "Check SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY."

# No name or password can be in it: the address may be shown.
_ADDRESS = re.compile(r"https?://([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?(/[\w./-]*)?", re.A | re.I)
_Result = TypeVar("_Result")


class _Info(BaseModel):
    size: int
    content_type: str
    last_modified: AwareDatetime


class _Metadata(BaseModel):
    size: int
    mimetype: str


class _FileRow(BaseModel):
    id: str
    name: str
    updated_at: AwareDatetime
    metadata: _Metadata

    def stored(self, key: str) -> StoredObject:
        return StoredObject(
            key, self.metadata.size, self.metadata.mimetype, self.updated_at.astimezone(UTC)
        )


class _FolderRow(BaseModel):
    id: None
    name: str


# The store's method `list` hides the type inside its class; these names stand in for it.
_Rows: TypeAlias = list[_FileRow | _FolderRow]
_Keys: TypeAlias = list[str]
_ROWS = TypeAdapter(_Rows)


class SupabaseStore:
    """An `ObjectStore` in the bucket `bucket` of the Supabase project at `url`.

    `key` is the project's service-role key; it is never part of a message, a log or a repr. Every
    call can be repeated without harm, so each is tried up to three times while the server can't be
    reached or answers with a server error; `wait` says how long to wait in between, and
    `timeout_s` is the longest silence of the server in seconds. Threads may share a store; a
    forked process opens its own.

    A file travels in one standard upload. The client has no resumable upload, and the protocol for
    it (TUS) would raise no limit: a project's upload size limit (50 MB unless raised) holds for
    both, and a clip of 5 to 15 seconds is sent again in the time a resume would take. The package
    that speaks TUS, tuspy, would bring two more HTTP clients with it.

    When the caller's `source` can't be opened, or the folder of `target` is not there, that
    `OSError` passes through as it is.

    Source: Supabase docs, Storage; the client's reference, "supabase-py, Storage".

    Raises:
        SettingsError: `url` is no address, or `key` can't be a key.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr,
        bucket: str,
        *,
        timeout_s: float = TIMEOUT_S,
        wait: wait_base | None = None,
    ) -> None:
        self._url = _checked_url(url)
        self._bucket = bucket
        # A client of our own, because the default one follows redirects and would show the key to
        # wherever they lead, and because its HTTP/2 library writes headers into the debug log.
        self._http = httpx.Client(timeout=timeout_s, follow_redirects=False)
        options = ClientOptions(httpx_client=self._http)
        self._client = create_client(self._url, _checked_secret(key), options)
        self._files = self._client.storage.from_(bucket)
        self._retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait or wait_random_exponential(multiplier=1, max=8),
            retry=retry_if_exception_type(ObjectStoreUnavailable),
            reraise=True,
        )

    def __repr__(self) -> str:
        return f"SupabaseStore({self._url!r}, {self._bucket!r})"

    def close(self) -> None:
        """Give the connections back. The store can't be used afterwards."""
        self._http.close()

    def prepare(self) -> None:
        """Make the bucket, private and for videos, images and zips of them only.

        It gets no size limit of its own: that could only narrow the project's, and an operator
        would then have two limits to raise.

        Raises:
            SettingsError: the bucket is there, but public.
        """
        self._call(self._bucket, self._make_bucket)
        bucket = self._call(self._bucket, lambda: self._client.storage.get_bucket(self._bucket))
        if bucket.public:
            raise SettingsError(
                f"The bucket {self._bucket!r} is public: anyone could watch every video.",
                todo="Make it private in Supabase, or name another in SUPABASE_BUCKET.",
            )

    def put(self, key: str, source: Path, content_type: str) -> StoredObject:
        checked_key(key)
        return self._call(key, lambda: self._upload(key, source, content_type))

    def fetch(self, key: str, target: Path) -> None:
        checked_key(key)
        self._call(key, lambda: self._download(key, target))

    def stat(self, key: str) -> StoredObject:
        checked_key(key)
        return self._call(key, lambda: self._info(key))

    def delete(self, keys: list[str]) -> None:
        checked = [checked_key(key) for key in keys]
        for start in range(0, len(checked), _KEYS_PER_REMOVE):
            self._remove(checked[start : start + _KEYS_PER_REMOVE])

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self._walk(checked_key(prefix) if prefix else "")

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        checked_key(key)
        options: URLOptions = {"download": download_name} if download_name else {}
        signed = self._call(key, lambda: self._files.create_signed_url(key, expires_s, options))
        return signed["signedURL"]

    def local_path(self, key: str) -> None:
        """None: the files are elsewhere."""
        checked_key(key)

    def _call(self, subject: str, act: Callable[[], _Result]) -> _Result:
        def attempt() -> _Result:
            with _supabase_errors(subject):
                return act()

        return self._retrying(attempt)

    def _make_bucket(self) -> None:
        try:
            self._client.storage.create_bucket(
                self._bucket, options={"public": False, "allowed_mime_types": _TYPES}
            )
        except StorageApiError as exc:
            if exc.code != "Duplicate":
                raise

    def _upload(self, key: str, source: Path, content_type: str) -> StoredObject:
        self._files.upload(
            key,
            source,
            {"content-type": content_type, "cache-control": str(CACHE_S), "upsert": "true"},
        )
        kept = self._info(key)
        size_bytes = source.stat().st_size
        if kept.size_bytes != size_bytes:
            raise ObjectStoreUnavailable(
                f"Supabase kept {kept.size_bytes} of the {size_bytes} bytes of {key!r}."
            )
        return kept

    def _download(self, key: str, target: Path) -> None:
        # Not by `download`, which holds the whole file in memory, and not by a signed address,
        # because httpx logs addresses and a token in one is a key to the file.
        address = self._client.storage_url.joinpath("object", self._bucket, *key.split("/"))
        headers = self._client.options.headers
        with self._http.stream("GET", str(address), headers=headers) as reply:
            if reply.status_code != httpx.codes.OK:
                reply.read()
                raise _api_error(reply)
            with replacing(target) as file:
                for chunk in reply.iter_bytes():
                    file.write(chunk)

    def _info(self, key: str) -> StoredObject:
        info = _Info.model_validate(self._files.info(key))
        return StoredObject(key, info.size, info.content_type, info.last_modified.astimezone(UTC))

    def _remove(self, keys: _Keys) -> None:
        self._call(f"{len(keys)} files", lambda: self._files.remove(keys))

    def _walk(self, folder: str) -> Iterator[StoredObject]:
        folders = [folder]
        while folders:
            folder = folders.pop()
            for row in self._rows(folder):
                key = f"{folder}/{row.name}" if folder else row.name
                if not _is_ours(key):
                    continue
                if isinstance(row, _FolderRow):
                    folders.append(key)
                else:
                    yield row.stored(key)

    def _rows(self, folder: str) -> _Rows:
        """All rows of one level, before the first is used: a caller may delete what it sees."""
        rows: _Rows = []
        while True:
            page = self._call(folder or self._bucket, partial(self._page, folder, len(rows)))
            rows += page
            if len(page) < _ROWS_PER_PAGE:
                return rows

    def _page(self, folder: str, offset: int) -> _Rows:
        rows = self._files.list(folder, {"limit": _ROWS_PER_PAGE, "offset": offset})
        return _ROWS.validate_python(rows)


def _is_ours(key: str) -> bool:
    """Whether a store can have put it: the console leaves `.emptyFolderPlaceholder` files."""
    try:
        return bool(checked_key(key))
    except ObjectRefused:
        return False


def _checked_url(url: str) -> str:
    if not _ADDRESS.fullmatch(url):
        raise SettingsError(
            "SUPABASE_URL is not an address.", todo="It looks like https://name.supabase.co."
        )
    return url


def _checked_secret(key: SecretStr) -> str:
    secret = key.get_secret_value()
    # The HTTP library would quote a header that it can't send, key and all, in its error.
    if not (secret.isascii() and secret.isprintable() and " " not in secret and secret):
        raise SettingsError(
            "The Supabase key can't be a key: it is empty, or holds a space or a line break.",
            todo="Copy SUPABASE_SERVICE_ROLE_KEY again.",
        )
    return secret


def _api_error(reply: httpx.Response) -> StorageApiError:
    """The error that the client makes of such an answer."""
    try:
        body = reply.json()
        return StorageApiError(body["message"], body["error"], body["statusCode"])
    except (KeyError, TypeError, ValueError):
        return StorageApiError("", "InternalError", reply.status_code)


@contextmanager
def _supabase_errors(subject: str) -> Iterator[None]:
    """The one place where errors of the client and of httpx become ours.

    The service answers most errors as HTTP 400 with the real status as a string in the body; the
    client passes that on as `status`. `subject` is the key or what else the call was about.
    """
    try:
        yield
    except StorageApiError as exc:
        raise _problem(subject, exc) from exc
    except httpx.HTTPError as exc:
        raise ObjectStoreUnavailable(
            f"Supabase Storage can't be reached ({type(exc).__name__}).",
            todo="Check SUPABASE_URL and the network; what failed is tried again.",
        ) from exc
    except (ValidationError, json.JSONDecodeError) as exc:
        raise ObjectStoreError(
            f"What answered about {subject!r} does not speak like Supabase Storage.",
            todo="Check SUPABASE_URL.",
        ) from exc
    except ValueError as exc:
        raise ObjectRefused(f"Supabase does not take the name {subject!r}.") from exc


def _problem(subject: str, exc: StorageApiError) -> ObjectStoreError:
    status = str(exc.status)
    if status == "404":
        return _missing(subject, exc)
    if status == "413":
        return ObjectRefused(
            f"{subject!r} is larger than Supabase Storage takes.",
            todo="Raise the upload size limit in the project's storage settings, and the bucket's "
            "own limit if it has one.",
        )
    if status == "415":
        return ObjectRefused(
            f"The bucket does not take this type of file: {subject!r}.",
            todo="Allow the type in the bucket's settings.",
        )
    if status in {"401", "403"}:
        return ObjectStoreError("Supabase Storage refused the key.", todo=_ADVICE_KEY)
    if status in _SEVERAL_TRIES_HELP or (len(status) == 3 and status.startswith("5")):
        return ObjectStoreUnavailable(
            f"Supabase Storage has a problem of its own (status {status}).", todo="Try again later."
        )
    return ObjectStoreError(f"Supabase Storage refused {subject!r} (status {status}, {exc.code}).")


def _missing(subject: str, exc: StorageApiError) -> ObjectStoreError:
    # Only this code speaks of the file. A lost bucket or a wrong address must never look like a
    # lost file, because a file that is gone is made again or struck off.
    if exc.code == "not_found":
        return ObjectNotFound(f"There is no file {subject!r}.")
    return ObjectStoreError(
        "Supabase Storage has no such bucket, or hides it from this key.",
        todo=f"Run `studio migrate`. {_ADVICE_KEY}",
    )
