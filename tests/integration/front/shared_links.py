"""A link of Max's for tests of what its guests get."""

from __future__ import annotations

from uuid import UUID

import httpx
import psycopg

from dashboard import passwords
from jobs import curation, sharing
from jobs.sharing import Made, Wish
from tests.integration.front.front_studio import SAME, Studio

PASSWORD = "violets are blue"


class Link:
    """A link of Max's to his video, and a guest's browser."""

    def __init__(self, studio: Studio, video_id: UUID, made: Made) -> None:
        self.studio, self.video_id, self.made = studio, video_id, made
        self.path = f"/s/{made.token}"
        self.guest = studio.browser()

    def get(self, more: str = "", **headers: str) -> httpx.Response:
        return self.guest.get(self.path + more, headers=headers)

    def post(self, more: str, **fields: str) -> httpx.Response:
        return self.guest.post(self.path + more, data=fields, headers=SAME)

    def seen(self) -> sharing.Share:
        (share,) = sharing.links(self.studio.services, self.studio.max, self.video_id)
        return share


def shared(studio: Studio, password: str | None = None, **wish: bool) -> Link:
    video_id = studio.add_video(studio.max)
    kept = passwords.hash_password(password) if password else None
    made = sharing.make(studio.services, studio.max, video_id, Wish(None, kept, **wish))
    return Link(studio, video_id, made)


def expire(link: Link) -> None:
    url = link.studio.services.settings.database_url
    assert url is not None
    with psycopg.connect(url.get_secret_value()) as connection:
        connection.execute(
            "update studio.shares set expires_at = now() where id = %s", [link.made.id]
        )


def revoke(link: Link) -> None:
    sharing.revoke(link.studio.services, link.studio.max, link.made.id)


def trash(link: Link) -> None:
    curation.trash(link.studio.services, link.studio.max, [link.video_id])


ENDINGS = {"expired": expire, "revoked": revoke, "trashed": trash}
