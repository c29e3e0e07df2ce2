"""A server that answers like Supabase Storage, as far as its answers were recorded.

`supabase-storage.jsonl` holds exchanges between supabase-py and the real server, and
`test_contract_server_matches_record.py` replays them here. Whatever the record does not show is
answered with 501, so that no test can come to rely on a guess. Only one thing is known from
Supabase's documentation alone ("Creating Buckets"): a bucket's types may end in `/*`.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.contract.supabase_contract_state import (
    SECRET,
    Bucket,
    File,
    Json,
    NotRecorded,
    RecordedJSON,
    Refused,
    clock,
    duplicate,
    file_row,
    folder_row,
    no_bucket,
    no_object,
    said_of,
    signed_path,
    token,
)


class ContractServer:
    """The state of the service, its answers, and what was asked of it."""

    def __init__(self) -> None:
        self.service_key = token({"role": "service_role"})
        self.anon_key = token({"role": "anon"})
        self.forget()

    def forget(self) -> None:
        """Be as new, with the same keys."""
        self.buckets: dict[str, Bucket] = {}
        self.files: dict[tuple[str, str], File] = {}
        self.requests: list[tuple[str, str]] = []
        self.next_answers: deque[Response | None] = deque()
        """Given to the next requests in place of the real answers, to try failures. None: the
        real answer."""

    def app(self) -> ASGIApp:
        """All routes of the record, under the path that supabase-py asks for."""
        routes = [
            ("GET", "bucket", self.list_buckets),
            ("POST", "bucket", self.create_bucket),
            ("GET", "bucket/{bucket}", self.get_bucket),
            ("DELETE", "bucket/{bucket}", self.delete_bucket),
            ("POST", "bucket/{bucket}/empty", self.empty_bucket),
            ("POST", "object/list/{bucket}", self.list_files),
            ("POST", "object/move", self.move),
            ("POST", "object/copy", self.copy),
            ("POST", "object/sign/{bucket}", self.sign_many),
            ("POST", "object/sign/{bucket}/{name:path}", self.sign),
            ("GET", "object/sign/{bucket}/{name:path}", self.get_signed),
            ("POST", "object/upload/sign/{bucket}/{name:path}", self.sign_upload),
            ("PUT", "object/upload/sign/{bucket}/{name:path}", self.upload_signed),
            ("GET", "object/info/{bucket}/{name:path}", self.info),
            ("GET", "object/public/{bucket}/{name:path}", self.get_public),
            ("GET", "object/authenticated/{bucket}/{name:path}", self.download),
            ("GET", "object/{bucket}/{name:path}", self.download),
            ("POST", "object/{bucket}/{name:path}", self.upload),
            ("DELETE", "object/{bucket}", self.remove),
            ("*", "{anything:path}", self.anything_else),
        ]
        return Starlette(
            routes=[
                Route(
                    f"/storage/v1/{path}",
                    self._answering(act),
                    methods=[method] if method != "*" else ["GET", "POST", "PUT", "DELETE"],
                )
                for method, path, act in routes
            ]
        )

    def _answering(self, act: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            self.requests.append((request.method, request.url.path.removeprefix("/storage/v1/")))
            try:
                await read_all(request)
                if self.next_answers and (given := self.next_answers.popleft()):
                    return given
                result = await act(request)
            except Refused as exc:
                return RecordedJSON(exc.body, exc.http)
            except NotRecorded as exc:
                return RecordedJSON({"message": f"not recorded: {exc}"}, 501)
            finally:
                await request.close()
            return result if isinstance(result, Response) else RecordedJSON(result)

        return answer

    async def anything_else(self, request: Request) -> Json:
        raise NotRecorded(f"{request.method} {request.url.path}")

    # Who is asking -------------------------------------------------------------------------------

    def role(self, request: Request) -> str | None:
        header = request.headers.get("authorization")
        if header is None:
            return None
        try:
            claims = jwt.decode(header.removeprefix("Bearer "), SECRET, ["HS256"])
        except jwt.InvalidTokenError as exc:
            raise Refused("403", "Unauthorized", said_of(exc), "AccessDenied") from exc
        return str(claims["role"])

    def service_only(self, request: Request) -> None:
        if self.role(request) != "service_role":
            raise NotRecorded("this call without the service key")

    def bucket(self, request: Request) -> Bucket:
        bucket = self.buckets.get(request.path_params["bucket"])
        if bucket is None:
            raise no_bucket()
        return bucket

    def file(self, request: Request) -> File:
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        if bucket not in self.buckets:
            raise NotRecorded("a file of a bucket that is not there")
        if (bucket, name) not in self.files:
            raise no_object()
        return self.files[bucket, name]

    # Buckets -------------------------------------------------------------------------------------

    async def list_buckets(self, request: Request) -> list[Json]:
        self.service_only(request)
        return [bucket.row() for bucket in self.buckets.values()]

    async def create_bucket(self, request: Request) -> Json:
        self.service_only(request)
        body = await request.json()
        if body["id"] in self.buckets:
            raise duplicate("BucketAlreadyExists")
        options = {key: value for key, value in body.items() if key not in {"id", "name"}}
        self.buckets[body["id"]] = Bucket(body["id"], **options)
        return {"name": body["name"]}

    async def get_bucket(self, request: Request) -> Json:
        self.service_only(request)
        return self.bucket(request).row()

    async def delete_bucket(self, request: Request) -> Json:
        self.service_only(request)
        bucket = self.bucket(request).id
        if any(key[0] == bucket for key in self.files):
            message = "The bucket you tried to delete is not empty"
            raise Refused("409", "ResourceNotEmpty", message, "ResourceNotEmpty")
        del self.buckets[bucket]
        return {"message": "Successfully deleted"}

    async def empty_bucket(self, request: Request) -> Json:
        """The real server queues this; here it is done at once."""
        self.service_only(request)
        bucket = self.bucket(request).id
        self.files = {key: file for key, file in self.files.items() if key[0] != bucket}
        return {"message": "Empty bucket has been queued. Completion may take up to an hour."}

    # Files ---------------------------------------------------------------------------------------

    async def upload(self, request: Request) -> Json:
        bucket, name = self.bucket(request), request.path_params["name"]
        if self.role(request) != "service_role":
            message = "new row violates row-level security policy"
            raise Refused("403", "Unauthorized", message, "AccessDenied")
        before = self.files.get((bucket.id, name))
        if before and request.headers["x-upsert"] != "true":
            raise duplicate("KeyAlreadyExists")
        file = await read_upload(request, bucket, name)
        if before:
            file.id, file.created_at = before.id, before.created_at
        self.files[bucket.id, name] = file
        return {"Key": f"{bucket.id}/{name}", "Id": file.id}

    async def sign_upload(self, request: Request) -> Json:
        self.service_only(request)
        bucket, name = self.bucket(request).id, request.path_params["name"]
        signed = token({"url": f"{bucket}/{name}"})
        return {"url": f"/object/upload/sign/{bucket}/{name}?token={signed}", "token": signed}

    async def upload_signed(self, request: Request) -> Json:
        bucket, name = self.bucket(request), request.path_params["name"]
        self.check_token(request)
        self.files[bucket.id, name] = await read_upload(request, bucket, name)
        return {"Key": f"{bucket.id}/{name}"}

    async def info(self, request: Request) -> Response:
        self.service_only(request)
        file = self.file(request)
        headers = {**file.headers(), "cache-control": file.cache_control}
        return RecordedJSON(file.info(), headers=headers)

    async def download(self, request: Request) -> Response:
        role = self.role(request)
        if role is None:
            raise no_bucket()
        if role != "service_role":
            raise no_object()
        file = self.file(request)
        return served(request, file, {"cache-control": file.cache_control})

    async def get_public(self, request: Request) -> Response:
        if not self.bucket(request).public:
            raise no_bucket()
        file = self.file(request)
        return served(request, file, {"cache-control": file.cache_control})

    async def list_files(self, request: Request) -> list[Json]:
        role, bucket, body = self.role(request), self.bucket(request).id, await request.json()
        if role != "service_role":
            return []
        prefix = f"{body['prefix']}/" if body["prefix"] else ""
        rows: dict[str, Json] = {}
        for key, file in self.files.items():
            if key[0] == bucket and file.name.startswith(prefix):
                name, below, _ = file.name.removeprefix(prefix).partition("/")
                rows[name] = {"name": name, **(folder_row() if below else file_row(file))}
        found = [rows[name] for name in sorted(rows)]
        return found[body["offset"] : body["offset"] + body["limit"]]

    async def move(self, request: Request) -> Json:
        self.service_only(request)
        body = await request.json()
        file = self.files.pop((body["bucketId"], body["sourceKey"]))
        file.name, file.version, file.updated_at = body["destinationKey"], str(uuid4()), clock()
        self.files[file.bucket, file.name] = file
        return {"message": "Successfully moved"}

    async def copy(self, request: Request) -> Json:
        self.service_only(request)
        body = await request.json()
        of = self.files[body["bucketId"], body["sourceKey"]]
        file = File(of.bucket, body["destinationKey"], of.content, of.mime, of.cache_control)
        self.files[file.bucket, file.name] = file
        return {"Key": f"{file.bucket}/{file.name}", "Id": file.id, **file.row()}

    async def remove(self, request: Request) -> list[Json]:
        self.service_only(request)
        bucket, names = self.bucket(request).id, (await request.json())["prefixes"]
        if not names:
            raise NotRecorded("removing nothing")
        gone = [self.files.pop((bucket, name), None) for name in names]
        return [file.row() for file in gone if file]

    # Signed addresses ----------------------------------------------------------------------------

    async def sign(self, request: Request) -> Json:
        self.service_only(request)
        return {"signedURL": signed_path(self.file(request), (await request.json())["expiresIn"])}

    async def sign_many(self, request: Request) -> list[Json]:
        self.service_only(request)
        bucket, body = self.bucket(request).id, await request.json()
        missing = "Either the object does not exist or you do not have access to it"
        rows = []
        for path in body["paths"]:
            file = self.files.get((bucket, path))
            address = signed_path(file, body["expiresIn"]) if file else None
            rows.append({"error": None if file else missing, "path": path, "signedURL": address})
        return rows

    async def get_signed(self, request: Request) -> Response:
        expires = datetime.fromtimestamp(self.check_token(request), UTC)
        headers = {"expires": format_datetime(expires, usegmt=True)}
        return served(request, self.file(request), headers)

    def check_token(self, request: Request) -> int:
        """When the token in the address ends, seconds since 1970."""
        try:
            claims = jwt.decode(request.query_params["token"], SECRET, ["HS256"])
        except jwt.InvalidTokenError as exc:
            raise Refused("400", "InvalidJWT", said_of(exc), "InvalidJWT") from exc
        if claims["url"] != "{bucket}/{name}".format(**request.path_params):
            raise NotRecorded("the token of another file")
        return int(claims["exp"])


async def read_all(request: Request) -> None:
    """Read the body to its end, so that an early refusal does not cut the client off."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        await request.form()
    else:
        await request.body()


async def read_upload(request: Request, bucket: Bucket, name: str) -> File:
    form = await request.form()
    part, cache = form["file"], form["cacheControl"]
    if not isinstance(part, UploadFile) or part.size is None or part.content_type is None:
        raise NotRecorded("an upload without a file")
    if bucket.file_size_limit is not None and part.size > bucket.file_size_limit:
        message = "The object exceeded the maximum allowed size"
        raise Refused("413", "Payload too large", message, "EntityTooLarge")
    if not bucket.takes(part.content_type):
        message = f"mime type {part.content_type} is not supported"
        raise Refused("415", "invalid_mime_type", message, "InvalidMimeType")
    return File(bucket.id, name, await part.read(), part.content_type, f"max-age={cache}")


def served(request: Request, file: File, more: dict[str, str]) -> Response:
    headers = {"accept-ranges": "bytes", "x-robots-tag": "none", "content-type": file.mime}
    headers |= file.headers() | more
    if request.headers.get("if-none-match") == file.etag:
        return Response(None, 304, headers)
    if "range" not in request.headers:
        return Response(file.content, 200, headers)
    first, last = asked_range(request.headers["range"], len(file.content))
    headers["content-range"] = f"bytes {first}-{last}/{len(file.content)}"
    return Response(file.content[first : last + 1], 206, headers)


def asked_range(header: str, size: int) -> tuple[int, int]:
    start, _, end = header.removeprefix("bytes=").partition("-")
    first = int(start) if start else max(0, size - int(end))
    last = min(int(end), size - 1) if start and end else size - 1
    if first > last:
        raise Refused("416", "invalid_range", "invalid range provided", "InvalidRange", 416)
    return first, last


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve `app` on a free port of this machine, from a thread; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            assert not thread.is_alive()
