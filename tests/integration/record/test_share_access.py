"""Who makes, sees and ends links for guests, and what no person reads or writes."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from storage.errors import RecordForbidden, RecordNotFound
from storage.postgres import Transaction
from storage.records import shares
from storage.records.shares import NewShare
from tests.integration.record.house import (
    ADMIN,
    ALL,
    COLLEAGUE,
    MANAGER,
    OUTSIDER,
    OWN,
    House,
)
from tests.integration.record.record_rows import sql

MANAGED = {OWN, MANAGER, ADMIN}


def wanted(video_id: UUID) -> NewShare:
    ends = datetime.now(UTC) + timedelta(days=7)
    return NewShare(video_id, ends, None, allow_download=False, wants_verdict=False)


def share_of(house: House) -> UUID:
    with house.acting_as(OWN) as tx:
        return shares.of_video(tx, house.completed)[0].id


@pytest.mark.parametrize("who", ALL)
def test_a_team_that_takes_part_makes_links(house: House, who: str) -> None:
    def act(tx: Transaction) -> object:
        with suppress(RecordNotFound):
            return shares.make(tx, house.id_of(who), "token", wanted(house.completed))
        return None

    assert house.may(who, act) == (who in {OWN, COLLEAGUE, MANAGER, ADMIN})


@pytest.mark.parametrize("who", ALL)
def test_whoever_answers_for_a_link_ends_it_and_moves_its_end(house: House, who: str) -> None:
    share_id, later = share_of(house), datetime.now(UTC) + timedelta(days=30)
    assert house.may(who, lambda tx: shares.revoke(tx, house.id_of(who), share_id)) == (
        who in MANAGED
    )
    assert house.may(who, lambda tx: shares.set_expiry(tx, share_id, later)) == (who in MANAGED)


def test_nobody_makes_a_link_in_anothers_name(house: House) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(OWN) as tx:
        shares.make(tx, house.id_of(COLLEAGUE), "token", wanted(house.completed))


def test_nobody_ends_a_link_in_anothers_name(house: House) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(MANAGER) as tx:
        shares.revoke(tx, house.id_of(OWN), share_of(house))


@pytest.mark.parametrize("column", ["token_sha256", "password_hash"])
@pytest.mark.parametrize("who", [OWN, MANAGER, ADMIN, OUTSIDER])
def test_no_person_reads_a_hash(house: House, who: str, column: str) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        tx.all(sql(f"select {column} from studio.shares"))


@pytest.mark.parametrize(
    "change", ["view_count = 9", "person_id = person_id", "password_hash = null"]
)
def test_no_person_changes_what_guests_did_or_what_a_link_is(house: House, change: str) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(ADMIN) as tx:
        tx.run(sql(f"update studio.shares set {change}"))


@pytest.mark.parametrize("who", ALL)
def test_nobody_speaks_for_a_guest(house: House, who: str) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        tx.run(sql("update studio.guest_verdicts set comment = 'Great'"))
