"""What people make of finished videos: stars, favourites, verdicts, titles, tags, campaigns, trash.

Each use case is one transaction that acts as that person under row-level security, takes one video
or up to a thousand, writes one event for each that changed, and can be undone. Stars, favourites
and verdicts are for everybody who sees a video (analysts only keep favourites); titles, tags,
campaigns and the trash are for whoever made it and for managers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from jobs.admission import SUBMITTING_ROLES
from jobs.bootstrap import Services
from jobs.errors import IllegalTransition, InvalidRequest, NotAllowed, Problem
from jobs.gallery_filters import GalleryView, parse_view, query_of
from storage.errors import RecordNotFound
from storage.models import Person
from storage.postgres import Transaction
from storage.records import curation, events, videos
from storage.records.curation import Changed, Edit, Opinion, SavedSearch, VerdictEntry
from storage.records.gallery import Verdict

MOST_AT_ONCE = 1000
MAX_TITLE = 200
MAX_COMMENT = 2000
MAX_TAG = 50
MAX_TAGS = 30
"""Tags given or taken in one act."""
MAX_NAME = 80
MOST_NAMED = 3
"""Videos whose owners a refusal names."""

__all__ = ["Opinion", "SavedSearch", "Verdict", "VerdictEntry"]
"""What pages need of the record's words; they don't import the record themselves."""


@dataclass(frozen=True)
class Done:
    """What came of an act on some videos."""

    changed: tuple[UUID, ...]
    already: int
    """Videos that were so before."""
    refused: int
    """Videos of colleagues that this person may not change."""
    gone: int
    """Videos that are not there any more."""
    undo_id: UUID | None
    """What `undo` takes; None when nothing changed."""


def rate(services: Services, person: Person, ids: Collection[UUID], stars: int | None) -> Done:
    """Give 1 to 5 stars; None takes them back.

    Raises:
        InvalidRequest: stars out of range, or too many videos.
        NotAllowed: this person's role only looks.
    """
    if stars is not None and not 1 <= stars <= 5:
        raise _invalid("stars", "Give one to five stars.")
    _check_takes_part(person)
    with _acting(services, person, ids) as tx:
        return _done(ids, curation.rate(tx, person.id, ids, stars))


def favour(services: Services, person: Person, ids: Collection[UUID], *, favourite: bool) -> Done:
    """Make videos favourites of this person, or no favourites any more.

    Raises:
        InvalidRequest: too many videos.
    """
    with _acting(services, person, ids) as tx:
        return _done(ids, curation.favour(tx, person.id, ids, favourite=favourite))


def judge(
    services: Services,
    person: Person,
    ids: Collection[UUID],
    verdict: Verdict | None,
    comment: str = "",
) -> Done:
    """Approve, ask for a change or reject; None withdraws the verdict.

    Raises:
        InvalidRequest: the comment is too long, a change is asked for without saying which, or
            there are too many videos.
        NotAllowed: this person's role only looks.
    """
    _check_takes_part(person)
    said = comment.replace("\0", " ").strip()
    if len(said) > MAX_COMMENT:
        raise _invalid("comment", f"A comment has at most {MAX_COMMENT:,} characters.")
    if verdict is Verdict.NEEDS_CHANGE and not said:
        raise _invalid("comment", "Say what has to change.")
    with _acting(services, person, ids) as tx:
        return _done(ids, curation.judge(tx, person.id, ids, verdict, said))


def retitle(services: Services, person: Person, video_id: UUID, title: str) -> Done:
    """Give a video another title.

    Raises:
        InvalidRequest: the title is empty or too long.
        NotAllowed: it is a colleague's, and this person does not manage the team.
    """
    clean = " ".join(title.replace("\0", " ").split())
    if not 1 <= len(clean) <= MAX_TITLE:
        raise _invalid("title", f"A title has 1 to {MAX_TITLE} characters.")
    return _edit(services, person, [video_id], Edit(title=clean), "retitled")


def tag(
    services: Services,
    person: Person,
    ids: Collection[UUID],
    *,
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> Done:
    """Give tags and take tags; upper and lower case are the same tag.

    Raises:
        InvalidRequest: a tag is empty or too long, or there are too many.
        NotAllowed: none of the videos is this person's to change.
    """
    edit = Edit(add_tags=_tags(add), remove_tags=_tags(remove))
    return _edit(services, person, ids, edit, "tagged")


def move(
    services: Services, person: Person, ids: Collection[UUID], campaign_id: UUID | None
) -> Done:
    """Move videos to a campaign of their team, or out of any (None).

    Raises:
        InvalidRequest: too many videos.
        NotAllowed: none of the videos is this person's to change.
        RecordNotFound: none of them is there for this person.
    """
    edit = Edit(set_campaign=True, campaign_id=campaign_id)
    return _edit(services, person, ids, edit, "moved")


def trash(services: Services, person: Person, ids: Collection[UUID]) -> Done:
    """Move videos to the trash, where they keep everything that is known of them.

    Raises:
        InvalidRequest: too many videos.
        NotAllowed: none of the videos is this person's to change.
        RecordNotFound: none of them is there for this person.
    """
    return _edit(services, person, ids, Edit(trashed=True), "trashed")


def restore(services: Services, person: Person, ids: Collection[UUID]) -> Done:
    """Take videos out of the trash.

    Raises:
        InvalidRequest: too many videos.
        NotAllowed: none of the videos is this person's to change.
        RecordNotFound: none of them is there for this person.
    """
    return _edit(services, person, ids, Edit(trashed=False), "restored")


def undo(services: Services, person: Person, undo_id: UUID) -> int:
    """Undo an act of this person's; how many videos are as they were before.

    Videos that somebody has changed since stay as they are.

    Raises:
        IllegalTransition: it is undone already, or was another's.
    """
    with services.database.as_person(person.id) as tx:
        ids = curation.undo(tx, person.id, undo_id)
        if ids is None:
            raise IllegalTransition("There is nothing to undo any more.")
        curation.note(tx, person.id, "undone", ids, {"change": str(undo_id)})
    return len(ids)


def opinion(services: Services, person: Person, video_id: UUID) -> Opinion:
    """Stars, favourite and verdict of one video, as this person sees them.

    Raises:
        RecordNotFound: there is no such video for this person.
    """
    with services.database.as_person(person.id) as tx:
        return curation.opinion_of(tx, person.id, video_id)


def verdicts(services: Services, person: Person, video_id: UUID) -> list[VerdictEntry]:
    """Every verdict on a video, first to last; empty when nobody judged it."""
    with services.database.as_person(person.id) as tx:
        return curation.verdicts_of(tx, video_id)


def saved_searches(services: Services, person: Person) -> list[SavedSearch]:
    """This person's own by name, then those that colleagues share."""
    with services.database.as_person(person.id) as tx:
        return curation.searches(tx, person.id)


def save_search(
    services: Services, person: Person, name: str, view: GalleryView, *, shared: bool
) -> UUID:
    """Keep a view under a name, in place of this person's earlier one of that name; its id.

    Raises:
        InvalidRequest: the name is empty or too long.
    """
    clean = " ".join(name.replace("\0", " ").split())
    if not 1 <= len(clean) <= MAX_NAME:
        raise _invalid("name", f"A name has 1 to {MAX_NAME} characters.")
    with services.database.as_person(person.id) as tx:
        found = curation.save_search(
            tx, person.id, person.team_id, clean, query_of(view), shared=shared
        )
        events.add(tx, "search_saved", person_id=person.id, team_id=person.team_id, shared=shared)
    return found


def view_of(saved: SavedSearch) -> GalleryView:
    """The view that was saved."""
    return parse_view(saved.filters)


def delete_search(services: Services, person: Person, search_id: UUID) -> None:
    """Forget a saved search. Safe to repeat.

    Raises:
        RecordNotFound: there is none that this person may delete.
    """
    with services.database.as_person(person.id) as tx:
        if not curation.delete_search(tx, search_id):
            raise RecordNotFound("This search is not here any more, or not yours to delete.")


def _edit(
    services: Services, person: Person, ids: Collection[UUID], change: Edit, event: str
) -> Done:
    _check_takes_part(person)
    with _acting(services, person, ids) as tx:
        changed = curation.edit(tx, person.id, ids, change, event)
        if changed.seen and not changed.allowed:
            raise _not_theirs(tx, ids)
        return _done(ids, changed)


@contextmanager
def _acting(services: Services, person: Person, ids: Collection[UUID]) -> Iterator[Transaction]:
    if len(ids) > MOST_AT_ONCE:
        raise _invalid("videos", f"At most {MOST_AT_ONCE:,} videos can be changed at once.")
    with services.database.as_person(person.id) as tx:
        yield tx


def _done(ids: Collection[UUID], changed: Changed) -> Done:
    if not changed.seen:
        raise RecordNotFound("There is no such video here any more.")
    return Done(
        changed=changed.ids,
        already=changed.allowed - len(changed.ids),
        refused=changed.seen - changed.allowed,
        gone=len(set(ids)) - changed.seen,
        undo_id=changed.change_id,
    )


def _not_theirs(tx: Transaction, ids: Collection[UUID]) -> NotAllowed:
    names = sorted({videos.by_id(tx, video_id).person_name for video_id in list(ids)[:MOST_NAMED]})
    what = "This video belongs" if len(ids) == 1 else "These videos belong"
    return NotAllowed(
        f"{what} to {' and '.join(names) if len(names) < MOST_NAMED else 'colleagues'}.",
        todo="Ask them or a manager of the team.",
    )


def _check_takes_part(person: Person) -> None:
    if person.role not in SUBMITTING_ROLES:
        raise NotAllowed(
            "Your role looks at videos only.", todo="Ask an administrator for another role."
        )


def _tags(tags: Collection[str]) -> tuple[str, ...]:
    clean = tuple(dict.fromkeys(" ".join(tag.replace("\0", " ").split()) for tag in tags))
    if len(clean) > MAX_TAGS:
        raise _invalid("tags", f"At most {MAX_TAGS} tags can be given at once.")
    if any(not 1 <= len(tag) <= MAX_TAG for tag in clean):
        raise _invalid("tags", f"A tag has 1 to {MAX_TAG} characters.")
    return clean


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest([Problem(field, message)])
