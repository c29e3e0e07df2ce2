"""Campaigns of teams (`sql/postgres/queries/campaigns.sql`)."""

from __future__ import annotations

from uuid import UUID

from storage.models import Campaign
from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("campaigns")


def open_campaigns(tx: Transaction) -> list[Campaign]:
    """Campaigns the reader may use, by name."""
    return [Campaign(**row) for row in tx.all(_Q["open_campaigns"])]


def ensure(tx: Transaction, team_id: UUID, name: str, person_id: UUID) -> Campaign:
    """The team's open campaign of this name, made when there is none."""
    row = tx.one_or_none(_Q["by_name"], team_id=team_id, name=name)
    if row is None:
        row = tx.one_or_none(_Q["insert"], team_id=team_id, name=name, created_by=person_id)
    if row is None:  # Another made it between the two.
        row = tx.one(_Q["by_name"], team_id=team_id, name=name)
    return Campaign(**row)
