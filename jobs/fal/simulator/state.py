"""What the simulator remembers: an SQLite file that survives a kill at any moment."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class QueueStatus(StrEnum):
    """fal's words for where a request is (fal docs, Queue API, Status)."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True)
class Failure:
    """The error that a result answers with."""

    status_code: int
    body: dict[str, Any]
    error: str
    error_type: str
    headers: dict[str, str]


@dataclass(frozen=True)
class VideoOrder:
    """What is to be rendered: pixels, seconds, and where the pictures are."""

    width: int
    height: int
    fps: int
    seconds: int
    audio: bool
    camera_fixed: bool
    seed: int
    prompt: str
    start_image: str
    end_image: str | None
    units: str
    """Billing units as decimal text."""


@dataclass(frozen=True)
class NewRequest:
    """A request as it is booked. Times are seconds since 1970."""

    request_id: str
    endpoint: str
    input: dict[str, Any]
    tags: dict[str, str]
    faults: list[str]
    submitted_at: float
    ready_at: float
    run_s: float | None
    start_deadline: float | None
    failure: Failure | None
    video: VideoOrder | None
    base_url: str
    """The server's address as the submit saw it, with a slash at its end."""
    webhook_url: str | None


@dataclass(frozen=True)
class BookedRequest(NewRequest):
    """A request in the record."""

    seq: int
    started_at: float | None
    ended_at: float | None
    """May lie in the future: the request completes when it is passed."""
    results_fetched: int
    webhook_attempts: int

    @property
    def app(self) -> str:
        """Owner and app, the part of the endpoint that status, result and cancel use."""
        return "/".join(self.endpoint.split("/")[:2])

    @property
    def prompt(self) -> str:
        """The prompt, "" when the input has none that is text."""
        prompt = self.input.get("prompt")
        return prompt if isinstance(prompt, str) else ""

    def status(self, now: float) -> QueueStatus:
        """Where the request is at the moment `now`."""
        if self.ended_at is not None and self.ended_at <= now:
            return QueueStatus.COMPLETED
        return QueueStatus.IN_QUEUE if self.started_at is None else QueueStatus.IN_PROGRESS


class State:
    """The record. Used from one thread; every method is one transaction."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "state.sqlite3", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # WAL with NORMAL loses nothing when the process is killed, and does not wait for the disk.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_packaged("schema.sql"))
        self._statements = _named(_packaged("statements.sql"))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def note_post(
        self,
        at: float,
        endpoint: str,
        markers: list[str],
        fault: str | None,
        request: NewRequest | None,
    ) -> BookedRequest | None:
        """Note a POST and, in the same transaction, book its `request` (None: it is refused)."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if request is not None:
                self._run("book", **_columns(request), webhook_due_at=_first_try(request))
            self._run(
                "note_post",
                at=at,
                endpoint=endpoint,
                markers=json.dumps(markers),
                fault=fault,
                request_id=request and request.request_id,
            )
        return None if request is None else self.find(request.request_id)

    def find(self, request_id: str) -> BookedRequest | None:
        """The request of this id, None when there is none."""
        return next(iter(self._requests("find", request_id=request_id)), None)

    def find_by_number(self, seq: int) -> BookedRequest:
        """The request of this number."""
        return self._requests("find_by_number", seq=seq)[0]

    def unfinished(self, now: float) -> list[BookedRequest]:
        """Requests that have not completed at `now`, oldest first."""
        return self._requests("unfinished", now=now)

    def all_requests(self) -> list[BookedRequest]:
        """Every request, oldest first."""
        return self._requests("all_requests")

    def history(self, **filters: object) -> list[BookedRequest]:
        """Requests that have run and ended, newest first; `filters` are the statement's."""
        return self._requests("history", **filters)

    def start(self, seq: int, at: float, until: float | None) -> None:
        """Note that a request has started and when it will end (None: not by itself)."""
        self._run("start", seq=seq, started_at=at, ended_at=until)

    def end(self, seq: int, at: float, failure: Failure) -> None:
        """End a request with an error."""
        self._run("end", seq=seq, ended_at=at, failure=_text(failure))

    def fail(self, seq: int, failure: Failure) -> None:
        """Turn the result of a request into an error; when it ends stays the same."""
        self._run("fail", seq=seq, failure=_text(failure))

    def note_fetch(self, seq: int) -> None:
        """Count a fetched result."""
        self._run("note_fetch", seq=seq)

    def due_webhooks(self, now: float) -> list[BookedRequest]:
        """Completed requests whose webhook is to be tried now."""
        return self._requests("due_webhooks", now=now)

    def note_webhook(self, seq: int, due_at: float | None, delivered: bool) -> None:
        """Note a try; `due_at` is the next one (None: no more)."""
        self._run("note_webhook", seq=seq, due_at=due_at, delivered=int(delivered))

    def totals(self, now: float) -> dict[str, int]:
        """How many of everything."""
        return self._rows("totals", now=now)[0]

    def totals_by(self, what: str) -> dict[str, dict[str, int]]:
        """POSTs and booked requests by `endpoint` or by `marker`."""
        rows = self._rows(f"totals_by_{what}")
        return {row["name"]: {"posted": row["posted"], "booked": row["booked"]} for row in rows}

    def note_upload(self, **columns: object) -> None:
        """Note an uploaded file; a repeat takes its place."""
        self._run("note_upload", **columns)

    def find_upload(self, upload_id: str) -> dict[str, Any] | None:
        """The upload of this id, None when there is none."""
        return next(iter(self._rows("find_upload", upload_id=upload_id)), None)

    def arm(
        self, name: str, remaining: int | None, match: str, endpoint: str | None, seconds: float
    ) -> None:
        """Switch a fault on, for `remaining` times or (None) always."""
        self._run(
            "arm", name=name, remaining=remaining, match=match, endpoint=endpoint, seconds=seconds
        )

    def armed(self) -> list[dict[str, Any]]:
        """The faults that are on."""
        return self._rows("armed")

    def spend(self, armed_id: int) -> None:
        """Count one use of a fault."""
        self._run("spend", id=armed_id)

    def disarm(self) -> None:
        """Switch every fault off."""
        self._run("disarm")

    def _run(self, statement: str, **values: object) -> None:
        self._db.execute(self._statements[statement], values)

    def _rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._db.execute(self._statements[statement], values)]

    def _requests(self, statement: str, **values: object) -> list[BookedRequest]:
        return [_request(row) for row in self._rows(statement, **values)]


def _packaged(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _named(text: str) -> dict[str, str]:
    _, *parts = _NAME.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _first_try(request: NewRequest) -> float | None:
    """0.0 is always due: the webhook goes out as soon as the request has ended."""
    return None if request.webhook_url is None else 0.0


def _text(value: Failure | VideoOrder | None) -> str | None:
    return None if value is None else json.dumps(asdict(value))


def _columns(request: NewRequest) -> dict[str, object]:
    return {
        "request_id": request.request_id,
        "endpoint": request.endpoint,
        "input": json.dumps(request.input),
        "tags": json.dumps(request.tags),
        "faults": json.dumps(request.faults),
        "submitted_at": request.submitted_at,
        "ready_at": request.ready_at,
        "run_s": request.run_s,
        "start_deadline": request.start_deadline,
        "failure": _text(request.failure),
        "video": _text(request.video),
        "base_url": request.base_url,
        "webhook_url": request.webhook_url,
    }


def _request(row: dict[str, Any]) -> BookedRequest:
    failure, video = row["failure"], row["video"]
    return BookedRequest(
        seq=row["seq"],
        request_id=row["request_id"],
        endpoint=row["endpoint"],
        input=json.loads(row["input"]),
        tags=json.loads(row["tags"]),
        faults=json.loads(row["faults"]),
        submitted_at=row["submitted_at"],
        ready_at=row["ready_at"],
        run_s=row["run_s"],
        start_deadline=row["start_deadline"],
        failure=Failure(**json.loads(failure)) if failure else None,
        video=VideoOrder(**json.loads(video)) if video else None,
        base_url=row["base_url"],
        webhook_url=row["webhook_url"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        results_fetched=row["results_fetched"],
        webhook_attempts=row["webhook_attempts"],
    )
