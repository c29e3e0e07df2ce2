"""Files in a bucket of Cloudflare R2, over its S3 API."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError
from pydantic import SecretStr

from storage.errors import (
    ObjectNotFound,
    ObjectRefused,
    ObjectStoreError,
    ObjectStoreUnavailable,
)
from storage.objects.atomic import replacing
from storage.objects.base import StoredObject, checked_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

TRIES = 3
CONNECT_TIMEOUT_S = 5.0
TIMEOUT_S = 60.0
"""Longest silence of the server."""

CACHE_CONTROL = "public, max-age=31536000, immutable"
"""A year in browsers and in the CDN: an address carries the sum of what it leads to."""

MAX_SIGNED_S = 7 * 24 * 3600
"""Longest life of a signed address (Cloudflare docs, R2, Presigned URLs)."""

_CHUNK_BYTES = 1 << 20
_CONNECTIONS = 16
_SEVERAL_TRIES_HELP = {408, 425, 429}
_TOO_LARGE = {"EntityTooLarge", "MaxMessageLengthExceeded"}
_ADVICE_KEYS = (
    "Check R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY and R2_BUCKET: the token needs Object Read & "
    "Write for this bucket."
)
# The table that ships with Python, not the machine's: the same file has the same type everywhere.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("image/webp", ".webp")


class R2Store:
    """An `ObjectStore` in the bucket `bucket` behind the S3 address `endpoint`.

    The two keys are never part of a message or a repr. `timeout_s` is the longest silence of the
    server in seconds; every call can be repeated without harm, and is made at most `tries` times
    while the server can't be reached or answers with a server error. Threads may share a store.

    What R2 has otherwise than S3 (Cloudflare docs, R2, S3 API compatibility): the region is
    "auto"; there are no access lists, so a file is public or not by the bucket's custom domain
    only; the sums that newer S3 clients send by themselves are not all known, so a file travels
    with its MD5 sum, which R2 compares. A file is one request (at most 5 GB): an upload in parts,
    which must all have one size there, would only be of use beyond that. Files are deleted one by
    one, because the request that deletes many needs one of those newer sums.

    A listing has no types: there a file's type is derived from its key's suffix.

    When the caller's `source` can't be opened, or the folder of `target` is not there, that
    `OSError` passes through as it is.
    """

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        access_key_id: SecretStr,
        secret_access_key: SecretStr,
        *,
        timeout_s: float = TIMEOUT_S,
        tries: int = TRIES,
    ) -> None:
        self.endpoint = endpoint
        self.bucket = bucket
        with _s3_errors(bucket):
            self._client: S3Client = boto3.session.Session().client(
                "s3",
                region_name="auto",
                endpoint_url=endpoint,
                aws_access_key_id=access_key_id.get_secret_value(),
                aws_secret_access_key=secret_access_key.get_secret_value(),
                config=_config(timeout_s, tries),
            )

    def __repr__(self) -> str:
        return f"R2Store({self.endpoint!r}, {self.bucket!r})"

    def close(self) -> None:
        """Give the connections back. The store can't be used afterwards."""
        self._client.close()

    def prepare(self) -> None:
        """Make the bucket if it is not there and the keys may; a token for files only may not."""
        # Not by HeadBucket: a token that is good for the files of one bucket can list them.
        with _s3_errors(self.bucket):
            try:
                self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)
            except ClientError as exc:
                if _code(exc) != "NoSuchBucket":
                    raise
                self._client.create_bucket(
                    Bucket=self.bucket,
                    # The types know Amazon's regions only.
                    CreateBucketConfiguration={"LocationConstraint": "auto"},  # type: ignore[typeddict-item]
                )

    def put(self, key: str, source: Path, content_type: str) -> StoredObject:
        checked_key(key)
        with source.open("rb") as file, _s3_errors(key):
            md5 = _md5(file)
            file.seek(0)
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=file,
                ContentMD5=md5,
                ContentType=content_type,
                CacheControl=CACHE_CONTROL,
            )
        return self.stat(key)

    def fetch(self, key: str, target: Path) -> None:
        checked_key(key)
        with _s3_errors(key):
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
            with body, replacing(target) as file:
                for chunk in body.iter_chunks(_CHUNK_BYTES):
                    file.write(chunk)

    def stat(self, key: str) -> StoredObject:
        checked_key(key)
        with _s3_errors(key):
            try:
                head = self._client.head_object(Bucket=self.bucket, Key=key)
            except ClientError as exc:
                if _status(exc) == 404:
                    # The answer to HEAD has no body, so it does not say what is missing, and a
                    # lost bucket must never look like a lost file. Asking for the bucket does.
                    self._client.list_objects_v2(Bucket=self.bucket, MaxKeys=1)
                    raise _not_found(key) from exc
                raise
        return StoredObject(
            key, head["ContentLength"], head["ContentType"], _whole_seconds(head["LastModified"])
        )

    def delete(self, keys: list[str]) -> None:
        for key in [checked_key(key) for key in keys]:
            with _s3_errors(key):
                self._client.delete_object(Bucket=self.bucket, Key=key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return self._walk(f"{checked_key(prefix)}/" if prefix else "")

    def signed_url(self, key: str, expires_s: int, download_name: str | None = None) -> str:
        self.stat(key)
        return self.address(key, expires_s, download_name)

    def address(self, key: str, expires_s: int, download_name: str | None = None) -> str:
        """The signed address of a file that is known to be there; asks nobody.

        Good for `expires_s` seconds, a week at most. With `download_name` the browser saves the
        file under that name (RFC 6266).
        """
        asked: GetObjectRequestTypeDef = {"Bucket": self.bucket, "Key": checked_key(key)}
        if download_name:
            name = quote(download_name, safe="")
            asked["ResponseContentDisposition"] = f"attachment; filename*=UTF-8''{name}"
        with _s3_errors(key):
            return self._client.generate_presigned_url(
                "get_object", Params={**asked}, ExpiresIn=min(expires_s, MAX_SIGNED_S)
            )

    def local_path(self, key: str) -> None:
        """None: the files are elsewhere."""
        checked_key(key)

    def _walk(self, prefix: str) -> Iterator[StoredObject]:
        pages = self._client.get_paginator("list_objects_v2")
        with _s3_errors(self.bucket):
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    content_type, _ = _TYPES.guess_type(found["Key"])
                    yield StoredObject(
                        found["Key"],
                        found["Size"],
                        content_type or "application/octet-stream",
                        _whole_seconds(found["LastModified"]),
                    )


def _config(timeout_s: float, tries: int) -> Config:
    return Config(
        signature_version="s3v4",
        # The bucket in the path: all addresses then begin like `endpoint`.
        s3={"addressing_style": "path"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=timeout_s,
        retries={"mode": "standard", "total_max_attempts": tries},
        max_pool_connections=_CONNECTIONS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _md5(file: BufferedReader) -> str:
    """The sum as the header Content-MD5 has it (RFC 1864)."""
    digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return base64.b64encode(digest.digest()).decode()


def _whole_seconds(moment: datetime) -> datetime:
    """A listing tells milliseconds and HTTP's Last-Modified does not: one file has one time."""
    return moment.astimezone(UTC).replace(microsecond=0)


def _not_found(key: str) -> ObjectNotFound:
    return ObjectNotFound(f"There is no file {key!r}.")


def _code(exc: ClientError) -> str:
    return exc.response.get("Error", {}).get("Code", "")


def _status(exc: ClientError) -> int:
    return exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


@contextmanager
def _s3_errors(subject: str) -> Iterator[None]:
    """The one place where boto3's errors become ours. `subject`: what the call was about."""
    try:
        yield
    except ClientError as exc:
        raise _problem(subject, exc) from exc
    except (ConnectionError, HTTPClientError, IncompleteReadError) as exc:
        raise ObjectStoreUnavailable(
            f"Cloudflare R2 can't be reached ({type(exc).__name__}).",
            todo="Check R2_ACCOUNT_ID or R2_ENDPOINT and the network; what failed is tried again.",
        ) from exc
    except (BotoCoreError, ResponseParserError, ValueError) as exc:
        raise ObjectStoreError(
            f"What was asked about {subject!r} got no answer of an S3 server "
            f"({type(exc).__name__}).",
            todo="Check R2_ACCOUNT_ID or R2_ENDPOINT.",
        ) from exc


def _problem(subject: str, exc: ClientError) -> ObjectStoreError:
    code, status = _code(exc), _status(exc)
    if code == "NoSuchKey":
        return _not_found(subject)
    if code == "NoSuchBucket":
        return ObjectStoreError(
            "Cloudflare R2 has no such bucket.",
            todo="Make the bucket in Cloudflare's dashboard, or correct R2_BUCKET.",
        )
    if code == "RequestTimeTooSkewed":
        return ObjectStoreError("This machine's clock is wrong.", todo="Set it, best by NTP.")
    if status in {401, 403}:
        return ObjectStoreError(f"Cloudflare R2 refused the keys ({code}).", todo=_ADVICE_KEYS)
    if code in _TOO_LARGE or status == 413:
        return ObjectRefused(f"{subject!r} is larger than Cloudflare R2 takes at once.")
    if code == "BadDigest" or status in _SEVERAL_TRIES_HELP or status >= 500:
        return ObjectStoreUnavailable(
            f"Cloudflare R2 has a problem of its own ({code}, status {status}).",
            todo="Try again later.",
        )
    return ObjectStoreError(f"Cloudflare R2 refused {subject!r} ({code}, status {status}).")
