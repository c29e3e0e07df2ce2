"""What has to be there before anything runs: schema, bucket, default budget, an administrator."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from dashboard.passwords import hash_password
from storage.errors import SettingsError
from storage.migrate import migrate
from storage.models import Person, Role
from storage.objects.opening import open_cdn, open_store
from storage.postgres import Database
from storage.records import ledger, people, sessions
from storage.settings import Settings

FIRST_ADMIN = "admin@studio.local"
FIRST_TEAM = "Marketing"
LINK_HOURS = 24


@dataclass(frozen=True)
class FirstAdmin:
    """The administrator made on the first start; the password is not kept anywhere."""

    email: str
    password: str


def prepare_record(settings: Settings) -> list[str]:
    """Migrate, make the folder or bucket, set the default budget; the migrations applied.

    Raises:
        SettingsError: no database is configured.
        RecordError: a migration failed.
        ObjectStoreError: the bucket can't be made.
    """
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is not set.")
    applied = migrate(settings.database_url, company=settings.company, time_zone=settings.time_zone)
    with Database(settings.database_url) as database:
        open_store(settings, open_cdn(settings), database).prepare()
        with database.as_service() as tx:
            ledger.set_default_person_budget(tx, settings.person_day_limit_usd)
    return applied


def ensure_admin(database: Database) -> FirstAdmin | None:
    """Make an administrator when there is none; None when there is one."""
    with database.as_service() as tx:
        if people.first_admin(tx) is not None:
            return None
        password = secrets.token_urlsafe(12)
        admin = people.add(
            tx, email=FIRST_ADMIN, name="Administrator", role=Role.ADMIN, team=FIRST_TEAM
        )
        people.set_password_hash(tx, admin.id, hash_password(password))
    return FirstAdmin(FIRST_ADMIN, password)


def new_link(database: Database, person: Person, dashboard_url: str) -> str:
    """A link that signs this person in, once, within a day."""
    token = secrets.token_urlsafe(32)
    with database.as_service() as tx:
        sessions.add_link(tx, token, person.id, hours=LINK_HOURS)
    return f"{dashboard_url}/session/link/{token}"
