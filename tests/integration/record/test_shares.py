"""What becomes of links for guests: their tokens, their end, and what is counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from storage.errors import RecordConflict
from storage.postgres import Database, Transaction
from storage.records import curation, shares
from storage.records.curation import Edit
from storage.records.gallery import Verdict
from storage.records.shares import NewShare
from tests.integration.record.house import COLLEAGUE, OWN, SHARE_TOKEN, House, build_house
from tests.integration.record.record_rows import sql


@pytest.fixture
def house(database_url: SecretStr, database: Database) -> House:
    """A company of this test's own."""
    return build_house(database_url, database)


def made_by(house: House, who: str) -> UUID:
    ends = datetime.now(UTC) + timedelta(days=7)
    new = NewShare(house.completed, ends, None, allow_download=False, wants_verdict=False)
    with house.acting_as(who) as tx:
        return shares.make(tx, house.id_of(who), f"of {who}", new)


def share_of(house: House) -> UUID:
    with house.acting_as(OWN) as tx:
        return shares.of_video(tx, house.completed)[0].id


def put(tx: Transaction, house: House, *, trashed: bool) -> bool:
    change = Edit(trashed=trashed)
    return bool(curation.edit(tx, house.id_of(OWN), [house.completed], change, "moved").ids)


def test_a_link_to_a_colleagues_video_is_its_makers_too(house: House) -> None:
    share_id = made_by(house, COLLEAGUE)
    with house.acting_as(COLLEAGUE) as tx:
        assert [one.id for one in shares.of_video(tx, house.completed)] == [share_id]
    with house.acting_as(OWN) as tx:
        assert len(shares.of_video(tx, house.completed)) == 2


def test_a_revoked_link_stays_revoked(house: House) -> None:
    share_id, later = share_of(house), datetime.now(UTC) + timedelta(days=30)
    with house.acting_as(OWN) as tx:
        assert shares.revoke(tx, house.id_of(OWN), share_id) == house.completed
        assert shares.revoke(tx, house.id_of(OWN), share_id) is None
        assert shares.set_expiry(tx, share_id, later) is None
        tx.run(sql("update studio.shares set revoked_at = null, revoked_by = null"))
        assert not shares.of_video(tx, house.completed)[0].works


def test_the_token_is_only_kept_as_its_hash(house: House) -> None:
    with house.database.as_service() as tx:
        (row,) = tx.all(sql("select s::text as words, token_sha256 from studio.shares as s"))
        assert SHARE_TOKEN not in row["words"]
        assert len(row["token_sha256"]) == 32
        assert shares.find(tx, "Guest") is None


def test_two_links_never_have_one_token(house: House) -> None:
    made_by(house, OWN)
    with pytest.raises(RecordConflict):
        made_by(house, OWN)


def test_a_link_lives_with_its_video_and_its_end(house: House) -> None:
    def works() -> bool:
        with house.database.as_service() as tx:
            share = shares.find(tx, SHARE_TOKEN)
        assert share is not None
        return share.works

    assert works()
    with house.acting_as(OWN) as tx:
        assert put(tx, house, trashed=True)
    assert not works()
    with house.acting_as(OWN) as tx:
        assert put(tx, house, trashed=False)
    assert works()
    with house.acting_as(OWN) as tx:
        shares.set_expiry(tx, share_of(house), datetime.now(UTC) - timedelta(seconds=1))
    assert not works()


def test_a_link_takes_so_many_verdicts_and_no_more(house: House) -> None:
    with house.database.as_service() as tx:
        share = shares.find(tx, SHARE_TOKEN)
        assert share is not None
        add = (tx, share, Verdict.NEEDS_CHANGE, "Gus", "Slower")
        assert shares.add_verdict(*add, most=2)
        assert not shares.add_verdict(*add, most=2)
        assert [one.comment for one in shares.verdicts_of(tx, house.completed)] == [
            "Slower",
            "Good",
        ]


def test_guests_are_counted(house: House) -> None:
    share_id = share_of(house)
    with house.database.as_service() as tx:
        shares.count_view(tx, share_id)
        shares.count_view(tx, share_id)
        shares.count_download(tx, share_id)
    with house.acting_as(OWN) as tx:
        (share,) = shares.of_video(tx, house.completed)
    assert (share.view_count, share.download_count, share.has_password) == (2, 1, True)
    assert share.last_viewed_at is not None
