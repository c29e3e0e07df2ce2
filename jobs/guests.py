"""What somebody without an account does with a link: look, watch, take home, say what they think.

A guest acts under no person's rights, so every use case begins with the link: it names the one
video that there is, and says for how long.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.bootstrap import Services
from jobs.errors import IllegalTransition, InvalidRequest, Problem, ShareEnded
from storage.errors import RecordNotFound
from storage.models import Rendition, RenditionKind, RenditionState, Video
from storage.objects.base import ObjectStore
from storage.objects.cdn import CdnStore
from storage.postgres import Transaction
from storage.records import events, shares, videos
from storage.records.gallery import Verdict
from storage.records.shares import GuestShare

SIGNED_URL_S = 60
"""Longest life of a signed address: a revoked link must not live on in one."""
MAX_NAME = 80
MAX_COMMENT = 2000
MOST_VERDICTS = 100
"""Of one link; whoever has it can fill no table."""

__all__ = ["GuestShare", "Verdict"]
"""What the front door needs of the record's words; it does not import the record itself."""


@dataclass(frozen=True)
class Shown:
    """A link that works, and its video."""

    share: GuestShare
    video: Video


@dataclass(frozen=True)
class Place:
    """Where the bytes of a file are: on this machine, or at an address elsewhere."""

    path: Path | None
    address: str | None
    is_secret: bool
    """Whether the address tells more than a guest may know, so that the bytes are passed on."""


def find(services: Services, token: str) -> Shown:
    """The link behind a token, with its video.

    Raises:
        RecordNotFound: there never was such a link.
        ShareEnded: it has expired or was revoked, or its video is in the trash or deleted.
    """
    with services.database.as_service() as tx:
        share = shares.find(tx, token)
        if share is None:
            raise RecordNotFound("There is no such link.")
        if not share.works:
            raise ShareEnded
        return Shown(share, videos.by_id(tx, share.video_id))


def file_of(shown: Shown, kind: str) -> Rendition | None:
    """The ready file of this kind; None when there is none, or it is not for guests.

    The original is more than what is played, so it is for guests who may take files home.
    """
    if kind not in set(RenditionKind):
        return None
    if kind == RenditionKind.ORIGINAL and not shown.share.allow_download:
        return None
    found = shown.video.renditions.get(RenditionKind(kind))
    return found if found and found.state is RenditionState.READY else None


def place_of(services: Services, shown: Shown, key: str, save_as: str | None) -> Place:
    """Where a file is, for no longer than the link works.

    An address in the CDN's public domain has no end, and the address of the file behind it would
    tell it, because both are made from the video's id. So with such a domain the bytes are passed
    on from the store behind the CDN.

    Raises:
        ObjectNotFound, ObjectStoreUnavailable: as the store.
    """
    is_public = services.cdn is not None and services.cdn.public is not None
    store: ObjectStore = services.store
    if is_public and isinstance(store, CdnStore):
        store = store.origin
    lives_s = max(1, int(min(SIGNED_URL_S, shown.share.left_s)))
    address = store.signed_url(key, lives_s, save_as)
    return Place(None if address else store.local_path(key), address, is_public)


def note_view(services: Services, shown: Shown) -> None:
    """Count that the video began to play in a guest's browser."""
    with services.database.as_service() as tx:
        shares.count_view(tx, shown.share.id)
        _note(tx, shown, "share_viewed")


def note_download(services: Services, shown: Shown, rendition: str) -> None:
    """Count that a guest took a file home; `rendition` is which one."""
    with services.database.as_service() as tx:
        shares.count_download(tx, shown.share.id)
        _note(tx, shown, "share_downloaded", rendition=rendition)


def judge(services: Services, shown: Shown, verdict: str, name: str, comment: str) -> None:
    """Write down what a guest thinks, for the team to read; the video's own verdict stays.

    Raises:
        InvalidRequest: there is no name, or no verdict, or a change is asked for without saying
            which, or something is too long.
        IllegalTransition: nobody asked for a verdict, or the link has as many as it takes.
    """
    if not shown.share.wants_verdict:
        raise IllegalTransition("Nobody has asked for a verdict here.")
    who, said = _clean(name), comment.replace("\0", " ").strip()
    problems = _problems(verdict, who, said)
    if problems:
        raise InvalidRequest(problems)
    with services.database.as_service() as tx:
        if not shares.add_verdict(tx, shown.share, Verdict(verdict), who, said, most=MOST_VERDICTS):
            raise IllegalTransition("This link has as many answers as it takes.")
        _note(tx, shown, "share_judged", verdict=verdict)


def _problems(verdict: str, name: str, comment: str) -> list[Problem]:
    found = []
    if verdict not in {Verdict.APPROVED, Verdict.NEEDS_CHANGE}:
        found.append(Problem("verdict", "Choose whether it is good or needs a change."))
    if not 1 <= len(name) <= MAX_NAME:
        found.append(Problem("name", f"Say who you are, in at most {MAX_NAME} characters."))
    if len(comment) > MAX_COMMENT:
        found.append(Problem("comment", f"A comment has at most {MAX_COMMENT:,} characters."))
    if verdict == Verdict.NEEDS_CHANGE and not comment:
        found.append(Problem("comment", "Say what has to change."))
    return found


def _clean(name: str) -> str:
    return " ".join(name.replace("\0", " ").split())


def _note(tx: Transaction, shown: Shown, kind: str, **detail: Any) -> None:  # noqa: ANN401
    events.add(
        tx,
        kind,
        person_id=None,
        team_id=shown.share.team_id,
        generation_id=shown.video.id,
        share=str(shown.share.id),
        **detail,
    )
