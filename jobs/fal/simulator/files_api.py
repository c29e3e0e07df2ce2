"""Uploads and downloads (`fal_client`'s upload protocol: fal_v3, multipart and the fallback)."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from jobs.fal.simulator.access import TOKEN_LIFETIME_S, refused_key, refused_token, upload_token
from jobs.fal.simulator.connection import Truncated
from jobs.fal.simulator.desk import Desk
from jobs.fal.simulator.failures import LOCKED
from jobs.fal.simulator.images import upload_path
from jobs.fal.simulator.state import QueueStatus

_MAX_UPLOAD_BYTES = 512 * 1024 * 1024
_NOT_FOUND = {"detail": "File not found"}


async def token(request: Request) -> Response:
    """`POST /storage/auth/token`: where to upload, and what to show there."""
    if refused := refused_key(request):
        return refused
    now = time.time()
    ends_at = datetime.fromtimestamp(int(now) + TOKEN_LIFETIME_S, UTC)
    return JSONResponse(
        {
            "token": upload_token(now),
            "token_type": "Bearer",
            "base_url": str(request.base_url).rstrip("/"),
            "expires_at": ends_at.isoformat(),
        }
    )


async def upload(request: Request) -> Response:
    """`POST /files/upload`: the body is the file."""
    if refused := refused_token(request):
        return refused
    address = f"/files/uploads/{uuid4().hex}/{_file_name(request)}"
    return await _kept(request, address)


async def initiate(request: Request) -> Response:
    """`POST /storage/upload/initiate`: an address to PUT the file to."""
    if refused := refused_key(request):
        return refused
    name = _safe_name(str(json.loads(await request.body()).get("file_name", "")))
    address = f"{request.base_url}files/uploads/{uuid4().hex}/{name}"
    return JSONResponse({"upload_url": address, "file_url": address})


async def put_upload(request: Request) -> Response:
    """`PUT` of a file to the address that `initiate` gave."""
    return await _kept(request, request.url.path)


async def begin_multipart(request: Request) -> Response:
    """`POST /files/upload/multipart`: where the parts go."""
    if refused := refused_token(request):
        return refused
    address = f"{request.base_url}files/uploads/{uuid4().hex}/{_file_name(request)}"
    return JSONResponse({"access_url": address, "uploadId": uuid4().hex})


async def put_part(request: Request) -> Response:
    """`PUT {access_url}/multipart/{uploadId}/{n}`: one part, answered with its ETag."""
    path = _part_path(request, int(request.path_params["number"]))
    if refused := refused_token(request):
        return refused
    if path is None or not await _written(request, path):
        return JSONResponse(_NOT_FOUND, 404)
    etag = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    return Response(headers={"ETag": f'"{etag}"'})


async def end_multipart(request: Request) -> Response:
    """`POST {access_url}/multipart/{uploadId}/complete`: put the parts together."""
    if refused := refused_token(request):
        return refused
    # The client lists its parts in the order in which they arrived.
    numbers = sorted(part["partNumber"] for part in json.loads(await request.body())["parts"])
    paths = [_part_path(request, number) for number in numbers]
    address = request.url.path.split("/multipart/")[0]
    target = upload_path(_desk(request).folder, address)
    if target is None or not all(path and path.exists() for path in paths):
        return JSONResponse(_NOT_FOUND, 404)
    with target.open("wb") as whole:
        for path in filter(None, paths):
            whole.write(path.read_bytes())
            path.unlink()
    _note(request, address, target)
    return JSONResponse({"access_url": f"{request.base_url}{address.lstrip('/')}"})


async def uploaded(request: Request) -> Response:
    """An uploaded file, whole or by Range; anybody with the address may have it."""
    desk = _desk(request)
    path = upload_path(desk.folder, request.url.path)
    row = desk.state.find_upload(request.path_params["upload_id"])
    if row is None or path is None or not path.exists():
        return JSONResponse(_NOT_FOUND, 404)
    return FileResponse(path, media_type=row["content_type"])


async def video(request: Request) -> Response:
    """A finished video, whole or by Range; anybody with the address may have it."""
    desk = _desk(request)
    now = desk.advance()
    found = desk.state.find(request.path_params["request_id"])
    if found is None or found.status(now) is not QueueStatus.COMPLETED:
        return JSONResponse(_NOT_FOUND, 404)
    path = await desk.video(found)
    fault = desk.faults.file(found.prompt, found.endpoint)
    if path is None or (fault and fault.name == "result_missing_file"):
        return JSONResponse(_NOT_FOUND, 404)
    if fault and fault.name == "truncated_file":
        return Truncated(path.read_bytes(), media_type="video/mp4")
    if fault and fault.name == "not_a_video":
        return Response("This is not the video you are looking for.\n", media_type="video/mp4")
    return FileResponse(path, media_type="video/mp4")


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _kept(request: Request, address: str) -> Response:
    """Write the body to the path behind `address`, unless a fault says otherwise."""
    desk = _desk(request)
    fault = desk.faults.upload(address.rsplit("/", 1)[-1])
    if fault is not None:
        # The body is read first: an answer in the middle of it would look like a lost connection.
        await request.body()
        locked = fault.name == "upload_403_locked"
        return JSONResponse(LOCKED if locked else {"detail": "Error"}, 403 if locked else 500)
    target = upload_path(desk.folder, address)
    if target is None or not await _written(request, target):
        return JSONResponse(_NOT_FOUND, 404)
    _note(request, address, target)
    return JSONResponse({"access_url": f"{request.base_url}{address.lstrip('/')}"})


def _note(request: Request, address: str, path: Path) -> None:
    _desk(request).state.note_upload(
        upload_id=path.parent.name,
        file_name=address.rsplit("/", 1)[-1],
        content_type=request.headers.get("content-type", "application/octet-stream"),
        size_bytes=path.stat().st_size,
        at=time.time(),
    )


async def _written(request: Request, target: Path) -> bool:
    """Write the body to `target`, all of it or nothing; False when it is too large or cut off."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{uuid4().hex}.part")
    try:
        with part.open("wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
                if file.tell() > _MAX_UPLOAD_BYTES:
                    return False
        shutil.move(part, target)
    except ClientDisconnect:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


def _part_path(request: Request, number: int) -> Path | None:
    path = request.path_params
    target = upload_path(_desk(request).folder, request.url.path.split("/multipart/")[0])
    if target is None or not re.fullmatch(r"[0-9a-f]{32}", path["multipart_id"]):
        return None
    return target.parent / f".{path['multipart_id']}.{number}.piece"


def _file_name(request: Request) -> str:
    return _safe_name(request.headers.get("x-fal-file-name", ""))


def _safe_name(name: str) -> str:
    """A name that is safe in a path and an address."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-100:].lstrip(".") or "file"
