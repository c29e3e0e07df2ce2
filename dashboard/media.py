"""The routes that serve files of videos and start images to the person who asks.

They are below `/app/static/` because the elements of Streamlit that show media take an address
of this site only when it begins so. The record is asked as that person, so row-level security
decides; what they may not see is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboard.file_names import download_name
from dashboard.services import services
from dashboard.session_cookie import session_of
from jobs import library
from jobs.exports import key_of
from jobs.remixing import source_of
from storage.errors import ObjectNotFound, RecordNotFound, StudioError
from storage.models import (
    Generation,
    InputImage,
    Person,
    Rendition,
    RenditionKind,
    RenditionState,
    Video,
)
from storage.records import events, exports, generations, videos

SIGNED_URL_S = 300
FILE_MAX_AGE_S = 3600
REDIRECT_MAX_AGE_S = 240
"""Shorter than the signed address lives, so that a cached redirect still leads somewhere."""


@dataclass(frozen=True)
class ServedFile:
    """A file that this person may see."""

    key: str
    content_type: str
    sha256: str
    save_as: str | None
    """Name to save it under; None to show it in the page."""


@dataclass(frozen=True)
class _Place:
    """Where the bytes are: a file on this machine or an address elsewhere."""

    path: Path | None
    address: str | None


def routes() -> list[Route]:
    """The routes, for the application to mount."""
    return [
        Route("/app/static/media/{video_id:uuid}/{kind}", serve_video, methods=["GET"]),
        Route("/app/static/export/{export_id:uuid}", serve_export, methods=["GET"]),
        Route("/app/static/input/{generation_id:uuid}/{which}", serve_input, methods=["GET"]),
    ]


async def serve_video(request: Request) -> Response:
    """A rendition of a video; with `?download=1` to be saved under a good name."""
    video_id, kind = request.path_params["video_id"], request.path_params["kind"]
    saving = request.query_params.get("download") == "1"
    counted = saving and begins_download(request)
    return await _serve(
        request, lambda person: _find_rendition(person, video_id, kind, saving, counted)
    )


async def serve_export(request: Request) -> Response:
    """A zip of videos that this person has asked for; to nobody else."""
    export_id, counted = request.path_params["export_id"], begins_download(request)
    return await _serve(request, lambda person: _find_export(person, export_id, counted))


async def serve_input(request: Request) -> Response:
    """The start or end image of a generation that the person may see."""
    generation_id, which = request.path_params["generation_id"], request.path_params["which"]
    return await _serve(request, lambda person: _find_image(person, generation_id, which))


async def _serve(request: Request, find: Callable[[Person], ServedFile | None]) -> Response:
    session = session_of(request.scope)
    if session is None:
        return _plain(401, "Sign in first.")
    try:
        file = await run_in_threadpool(find, session.person)
        place = await run_in_threadpool(_place_of, file) if file else None
    except (RecordNotFound, ObjectNotFound):
        return _plain(404, "There is no such file.")
    except StudioError as exc:
        return _plain(503, f"{exc.happened} {exc.todo}".strip())
    if file is None or place is None:
        return _plain(404, "There is no such file.")
    return _answer(request, file, place)


def _find_rendition(
    person: Person, video_id: UUID, kind: str, saving: bool, counted: bool
) -> ServedFile | None:
    """None when there is no such kind, or the rendition is not ready."""
    if kind not in set(RenditionKind):
        return None
    with services().database.as_person(person.id) as tx:
        video = videos.by_id(tx, video_id)
        rendition = video.renditions.get(RenditionKind(kind))
        if rendition is None or rendition.state != RenditionState.READY:
            return None
        if counted:
            events.add(
                tx,
                "downloaded",
                person_id=person.id,
                team_id=person.team_id,
                generation_id=video.id,
                rendition=kind,
            )
    return _file_of(video, rendition, saving)


def _file_of(video: Video, rendition: Rendition, saving: bool) -> ServedFile:
    return ServedFile(
        # A ready rendition has all of these (constraint `ready_has_file`).
        key=rendition.key or "",
        content_type=rendition.content_type or "",
        sha256=rendition.sha256 or "",
        save_as=download_name(video, rendition) if saving else None,
    )


def _find_export(person: Person, export_id: UUID, counted: bool) -> ServedFile:
    with services().database.as_person(person.id) as tx:
        export = exports.ready(tx, export_id)
    if counted and export.video_ids:
        library.note_zip(services(), person, export.video_ids)
    day = export.created_at.astimezone(services().settings.zone).date()
    save_as = f"videos_{day.isoformat()}_{export_id.hex[:8]}.zip"
    # A finished zip is never written again, so that its id can stand in for a sum.
    return ServedFile(key_of(export_id), "application/zip", str(export_id), save_as)


def _find_image(person: Person, generation_id: UUID, which: str) -> ServedFile | None:
    """None when the generation has no such image."""
    generation = _own_or_of_video(person, generation_id)
    images: dict[str, InputImage | None] = {
        "start": generation.start_image,
        "end": generation.end_image,
    }
    image = images.get(which)
    return ServedFile(image.key, image.content_type, image.sha256, None) if image else None


def _own_or_of_video(person: Person, generation_id: UUID) -> Generation:
    """A generation that this person sees, or the one behind a video that they see."""
    try:
        with services().database.as_person(person.id) as tx:
            return generations.by_id(tx, generation_id)
    except RecordNotFound:
        return source_of(services(), person, generation_id)


def _place_of(file: ServedFile) -> _Place:
    store = services().store
    address = store.signed_url(file.key, SIGNED_URL_S, file.save_as)
    return _Place(None if address else store.local_path(file.key), address)


def _answer(request: Request, file: ServedFile, place: _Place) -> Response:
    max_age_s = FILE_MAX_AGE_S if place.path else REDIRECT_MAX_AGE_S
    # A saved file is asked for anew each time, so that each is counted.
    keep = "no-store" if file.save_as else f"private, max-age={max_age_s}"
    headers = {"cache-control": keep}
    if place.address is not None:
        return RedirectResponse(place.address, 302, headers)
    if place.path is None:
        return _plain(404, "There is no such file.")
    headers["etag"] = f'"{file.sha256}"'
    if _has_it(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        place.path, headers=headers, media_type=file.content_type, filename=file.save_as
    )


def _has_it(request: Request, etag: str) -> bool:
    """Whether the browser's copy is this file (RFC 9110, 13.1.2: weak comparison)."""
    known = request.headers.get("if-none-match", "").split(",")
    return any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in known)


def begins_download(request: Request) -> bool:
    """Whether this asks for the file's beginning; resumed downloads ask for later parts."""
    wanted = request.headers.get("range", "bytes=0-")
    return request.method == "GET" and wanted.startswith("bytes=0-")


def _plain(status: int, words: str) -> Response:
    return PlainTextResponse(words, status, headers={"cache-control": "no-store"})
