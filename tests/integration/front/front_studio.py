"""A studio behind its front door, without workers and without Streamlit."""

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import uvicorn
from argon2 import PasswordHasher
from psycopg.rows import dict_row
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from dashboard.front_door import error_handlers, middleware, routes
from dashboard.session_cookie import COOKIE, new_token
from jobs.bootstrap import Services
from storage.models import InputImage, Person, Price, Rendition, RenditionKind, RenditionState, Role
from storage.records import generations, people, sessions, videos
from storage.records.generations import NewGeneration
from storage.records.videos import NewVideo

PASSWORD = "correct horse battery"
CHEAP_HASHES = PasswordHasher(time_cost=1, memory_cost=64)
"""The parameters are the operator's cost, not the behaviour; dozens of tries would add up."""
PASSWORD_HASH = CHEAP_HASHES.hash(PASSWORD)
SAME = {"Sec-Fetch-Site": "same-origin"}
HTML = {"Accept": "text/html"}
FILM = bytes(range(256)) * 8
"""What stands for a video file; the routes never look inside."""


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Studio:
    """Ada and Max of team Brand and Eve of team Other, and browsers to visit them with."""

    def __init__(self, services: Services, clock: Clock, origin: str) -> None:
        self.services = services
        self.clock = clock
        self.origin = origin
        self._browsers = ExitStack()
        self.ada = self._add("Ada Admin", Role.ADMIN, "Brand")
        self.max = self._add("Max Maker", Role.MEMBER, "Brand")
        self.eve = self._add("Eve Elsewhere", Role.MEMBER, "Other")

    def browser(self) -> httpx.Client:
        """A browser of its own, signed out, that does not follow redirects."""
        client = httpx.Client(base_url=self.origin, trust_env=False, timeout=20)
        return self._browsers.enter_context(client)

    def close(self) -> None:
        """Close the browsers."""
        self._browsers.close()

    def socket_of(self, browser: httpx.Client, **headers: str) -> list[str]:
        """The session that Streamlit sees when the browser opens its websocket.

        Raises:
            InvalidStatus: the websocket was refused.
        """
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        url = self.origin.replace("http", "ws") + "/_stcore/stream"
        with connect(url, additional_headers={"Cookie": cookie, **headers}, proxy=None) as socket:
            seen: list[str] = json.loads(socket.recv(timeout=20))["session"]
        return seen

    def signed_in(self, person: Person) -> httpx.Client:
        """A browser with a session of its own."""
        browser, token = self.browser(), new_token()
        with self.services.database.as_service() as tx:
            sessions.open_session(tx, token, person.id, hours=1, user_agent="test")
        browser.cookies.set(COOKIE, token, domain="127.0.0.1")
        return browser

    def link_for(self, person: Person) -> str:
        """The path of a new one-time link."""
        token = new_token()
        with self.services.database.as_service() as tx:
            sessions.add_link(tx, token, person.id, hours=1)
        return f"/session/link/{token}"

    def events_of(self, kind: str) -> list[dict[str, Any]]:
        """What was written down when that happened, oldest first."""
        url = self.services.settings.database_url
        assert url is not None
        with psycopg.connect(url.get_secret_value(), row_factory=dict_row) as connection:
            query = "select * from studio.events where kind = %s order by id"
            return connection.execute(query, [kind]).fetchall()

    def add_generation(self, person: Person, title: str = "Spring launch") -> UUID:
        """A queued generation of this person; its start image is a file."""
        new = _new_generation(person, title, self._keep("inputs/start.png", b"a start image"))
        with self.services.database.as_service() as tx:
            generations.insert(tx, new)
        return new.id

    def add_video(self, person: Person, title: str = "Spring launch") -> UUID:
        """A video with a ready web file and a pending preview."""
        video_id = self.add_generation(person, title)
        key = f"videos/{video_id}/web.mp4"
        self._keep(key, FILM)
        with self.services.database.as_service() as tx:
            videos.insert(tx, _new_video(video_id, key))
            videos.put_rendition(tx, _rendition(video_id, RenditionKind.WEB, key))
            videos.put_rendition(tx, _rendition(video_id, RenditionKind.PREVIEW, None))
        return video_id

    def _keep(self, key: str, content: bytes) -> InputImage:
        source = self.services.settings.data_dir / "source"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_bytes(content)
        self.services.store.put(key, source, "application/octet-stream")
        digest = hashlib.sha256(content).hexdigest()
        return InputImage(key, digest, "image/png", 640, 360, len(content))

    def _add(self, name: str, role: Role, team: str) -> Person:
        with self.services.database.as_service() as tx:
            email = f"{name.split()[0].lower()}@acme.test"
            person = people.add(tx, email=email, name=name, role=role, team=team)
            people.set_password_hash(tx, person.id, PASSWORD_HASH)
        return person


def _new_generation(person: Person, title: str, image: InputImage) -> NewGeneration:
    return NewGeneration(
        id=uuid4(),
        person_id=person.id,
        team_id=person.team_id,
        campaign_id=None,
        parent_id=None,
        lane="interactive",
        title=title,
        tags=[],
        model="lite",
        endpoint="fal-ai/lite",
        prompt="A bottle turns slowly",
        sent_prompt="A bottle turns slowly",
        parameters={"resolution": "720p", "duration_s": 5, "aspect_ratio": "16:9"},
        seed=None,
        start_image=image,
        end_image=None,
        fingerprint="f",
        price=Price(Decimal(1), 1_000_000, "test", "2026-01-01"),
        estimate_usd=Decimal("0.18"),
    )


def _new_video(video_id: UUID, key: str) -> NewVideo:
    return NewVideo(
        id=video_id,
        path=key,
        poster_path=key,
        seed=1,
        size_bytes=len(FILM),
        duration_s=Decimal("5.042"),
        aspect_ratio="16:9",
        fps=Decimal(24),
        width=1280,
        height=720,
    )


def _rendition(video_id: UUID, kind: RenditionKind, key: str | None) -> Rendition:
    return Rendition(
        video_id=video_id,
        kind=kind,
        state=RenditionState.READY if key else RenditionState.PENDING,
        key=key,
        content_type="video/mp4" if key else None,
        size_bytes=len(FILM) if key else None,
        width=1280 if key else None,
        height=720 if key else None,
        sha256=hashlib.sha256(FILM).hexdigest() if key else None,
        problem=None,
    )


@contextmanager
def served() -> Iterator[str]:
    """The front door before something that only says what it was sent; its address."""
    behind = [Route("/{path:path}", _echo), WebSocketRoute("/_stcore/stream", _echo_socket)]
    app = Starlette(
        routes=[*routes(), *behind],
        middleware=middleware(),
        exception_handlers=dict(error_handlers()),  # type: ignore[arg-type]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()


async def _echo(request: Request) -> Response:
    """Stands where Streamlit stands: says what came through the gate."""
    return JSONResponse({"session": request.headers.getlist("x-studio-session")})


async def _echo_socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_json({"session": socket.headers.getlist("x-studio-session")})
    await socket.close()
