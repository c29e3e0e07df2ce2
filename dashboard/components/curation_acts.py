"""What the lightbox can ask for that changes a video, each with the words of why it did not.

What a browser sends may be anything: every value is read with care, and the use cases check again
what this person may do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from jobs import curation, library
from jobs.bootstrap import Services
from jobs.curation import Done, Verdict
from jobs.errors import InvalidRequest
from storage.errors import StudioError
from storage.models import Person

Act = Mapping[str, Any]


def do(services: Services, person: Person, video_id: UUID, act: Act) -> Done | None:
    """Do what is asked for; None when it changes nothing that could be undone.

    Raises:
        StudioError: it was refused, in words.
        ValueError: a value makes no sense, as only a changed client can send it.
    """
    name = act.get("do")
    if name == "copied":
        library.note_share(services, person, [video_id], how="copied")
        return None
    if name not in _ACTS:
        raise ValueError(name)
    return _ACTS[str(name)](services, person, video_id, act)


def refusal_words(exc: StudioError) -> str:
    """What happened and what to do, in one line."""
    if isinstance(exc, InvalidRequest):
        # Its advice is for the Create page.
        return exc.happened
    return f"{exc.happened} {exc.todo}".strip()


def _rate(services: Services, person: Person, video_id: UUID, act: Act) -> Done:
    stars = act.get("stars")
    return curation.rate(services, person, [video_id], None if stars is None else int(stars))


def _favour(services: Services, person: Person, video_id: UUID, act: Act) -> Done:
    return curation.favour(services, person, [video_id], favourite=act.get("favourite") is True)


def _judge(services: Services, person: Person, video_id: UUID, act: Act) -> Done:
    verdict = act.get("verdict")
    given = None if verdict is None else Verdict(str(verdict))
    return curation.judge(services, person, [video_id], given, str(act.get("comment") or ""))


def _retitle(services: Services, person: Person, video_id: UUID, act: Act) -> Done:
    return curation.retitle(services, person, video_id, str(act.get("title") or ""))


def _tag(services: Services, person: Person, video_id: UUID, act: Act) -> Done:
    return curation.tag(
        services, person, [video_id], add=_words(act.get("add")), remove=_words(act.get("remove"))
    )


def _campaign(services: Services, person: Person, video_id: UUID, act: Act) -> Done:
    campaign = act.get("campaign")
    return curation.move(services, person, [video_id], UUID(str(campaign)) if campaign else None)


def _words(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


_ACTS: dict[str, Callable[[Services, Person, UUID, Act], Done]] = {
    "rate": _rate,
    "favour": _favour,
    "judge": _judge,
    "retitle": _retitle,
    "tag": _tag,
    "campaign": _campaign,
    "trash": lambda services, person, video_id, _: curation.trash(services, person, [video_id]),
    "restore": lambda services, person, video_id, _: curation.restore(services, person, [video_id]),
}
