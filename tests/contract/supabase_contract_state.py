"""What the contract server keeps, and how the service words it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeAlias
from uuid import uuid4

import jwt
from starlette.responses import JSONResponse

Json: TypeAlias = dict[str, Any]

SECRET = "a secret of the contract server, long enough for HS256"


def token(claims: Json, expires_s: int = 3600, secret: str = SECRET) -> str:
    return jwt.encode({**claims, "exp": int(time.time()) + expires_s}, secret, "HS256")


class Refused(Exception):
    """An error as the service words it: the HTTP status is 400 and the real one a string."""

    def __init__(self, status: str, error: str, message: str, code: str, http: int = 400) -> None:
        super().__init__(message)
        self.body = {"statusCode": status, "error": error, "message": message, "code": code}
        self.http = http


class NotRecorded(Exception):
    """The record has no such exchange."""


def no_bucket() -> Refused:
    return Refused("404", "Bucket not found", "Bucket not found", "NoSuchBucket")


def no_object() -> Refused:
    return Refused("404", "not_found", "Object not found", "NoSuchKey")


def duplicate(code: str) -> Refused:
    return Refused("409", "Duplicate", "The resource already exists", code)


def clock() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class RecordedJSON(JSONResponse):
    media_type = "application/json; charset=utf-8"


@dataclass
class Bucket:
    id: str
    public: bool = False
    file_size_limit: int | None = None
    allowed_mime_types: list[str] | None = None
    created_at: str = field(default_factory=clock)

    def row(self) -> Json:
        return {
            "id": self.id,
            "name": self.id,
            "owner": "",
            "public": self.public,
            "file_size_limit": self.file_size_limit,
            "allowed_mime_types": self.allowed_mime_types,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }

    def takes(self, mime: str) -> bool:
        allowed = self.allowed_mime_types
        return allowed is None or mime in allowed or f"{mime.split('/')[0]}/*" in allowed


@dataclass
class File:
    bucket: str
    name: str
    content: bytes
    mime: str
    cache_control: str
    id: str = field(default_factory=lambda: str(uuid4()))
    version: str = field(default_factory=lambda: str(uuid4()))
    created_at: str = field(default_factory=clock)
    updated_at: str = field(default_factory=clock)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'

    def times(self) -> Json:
        return {
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "last_accessed_at": self.created_at,
        }

    def metadata(self) -> Json:
        return {
            "eTag": self.etag,
            "size": len(self.content),
            "mimetype": self.mime,
            "cacheControl": self.cache_control,
            "lastModified": self.updated_at,
            "contentLength": len(self.content),
            "httpStatusCode": 200,
        }

    def row(self) -> Json:
        """As `remove` and `copy` tell it."""
        return {
            "name": self.name,
            "bucket_id": self.bucket,
            "owner": "",
            "owner_id": "",
            "version": self.version,
            "id": self.id,
            **self.times(),
            "metadata": self.metadata(),
            "user_metadata": {},
        }

    def info(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "version": self.version,
            "bucket_id": self.bucket,
            "size": len(self.content),
            "content_type": self.mime,
            "cache_control": self.cache_control,
            "etag": self.etag,
            "metadata": {},
            "last_modified": self.updated_at,
            "created_at": self.created_at,
        }

    def headers(self) -> dict[str, str]:
        modified = datetime.fromisoformat(self.updated_at)
        return {"etag": self.etag, "last-modified": format_datetime(modified, usegmt=True)}


def folder_row() -> Json:
    empty = ["id", "updated_at", "created_at", "last_accessed_at", "metadata"]
    return dict.fromkeys(empty)


def file_row(file: File) -> Json:
    return {"id": file.id, **file.times(), "metadata": file.metadata()}


def said_of(exc: jwt.InvalidTokenError) -> str:
    expired = isinstance(exc, jwt.ExpiredSignatureError)
    return '"exp" claim timestamp check failed' if expired else "signature verification failed"


def signed_path(file: File, expires_s: str) -> str:
    if int(expires_s) < 1:
        raise NotRecorded("an address that never was valid")
    path = f"{file.bucket}/{file.name}"
    return f"/object/sign/{path}?token={token({'url': path}, int(expires_s))}"
