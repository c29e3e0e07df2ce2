"""The errors of the cellar and the base of every error in the studio.

    StudioError                    anything we report to a person
    ├── SettingsError              an operator corrects a setting
    ├── RecordError                the record (Postgres)
    │   ├── RecordUnavailable      try again later
    │   ├── RecordNotFound         the row is not there, or not visible to this person
    │   ├── RecordForbidden        row-level security refuses this person the change
    │   └── RecordConflict         a named constraint refused the change
    ├── ObjectStoreError           files
    │   ├── ObjectNotFound         no file under this key
    │   ├── ObjectRefused          the store will never take it (bad key, too large, wrong type)
    │   └── ObjectStoreUnavailable try again later
    ├── CdnError                   what the CDN's own API refused
    │   └── CdnUnavailable         try again later
    ├── WarehouseError             the warehouse (DuckDB over the lake)
    │   ├── WarehouseMissing       there is no lake yet; the first sync makes it
    │   └── WarehouseBusy          another sync is at it
    └── ServiceError               an embedded server
        ├── DataFolderBusy         another `studio up` owns the data folder
        └── ServiceStartFailed     the server did not come up; its log says why

A person reads three things from each of them: what happened, what it cost, what to do.
"""

from __future__ import annotations


class StudioError(Exception):
    """Anything the studio reports to a person.

    `happened` is one plain sentence, `todo` says what the reader can do about it (empty when there
    is nothing to do), `cost` what was spent (by default nothing).
    """

    def __init__(self, happened: str, *, todo: str = "", cost: str = "Nothing was spent.") -> None:
        super().__init__(happened)
        self.happened = happened
        self.todo = todo
        self.cost = cost


class SettingsError(StudioError):
    """A setting is missing or makes no sense; an operator has to correct it."""


class RecordError(StudioError):
    """Postgres refused or could not do something."""


class RecordUnavailable(RecordError):
    """Postgres can't be reached or cut the connection; the same call may work later."""


class RecordNotFound(RecordError):
    """The row does not exist, or row-level security hides it from this person."""


class RecordForbidden(RecordError):
    """Row-level security or a missing grant refuses this person the change."""


class RecordConflict(RecordError):
    """A constraint or trigger refused the change.

    `constraint` is its name (None when unnamed), `detail` what Postgres adds to it.
    """

    def __init__(self, happened: str, *, constraint: str | None = None, detail: str = "") -> None:
        super().__init__(happened)
        self.constraint = constraint
        self.detail = detail


class ObjectStoreError(StudioError):
    """A file could not be kept or found."""


class ObjectNotFound(ObjectStoreError):
    """There is no file under this key."""


class ObjectRefused(ObjectStoreError):
    """The store will never take this: an unsafe key, a file too large, a type not allowed."""


class ObjectStoreUnavailable(ObjectStoreError):
    """The store can't be reached or answered with a server error; the same call may work later."""


class CdnError(StudioError):
    """The CDN's API refused to purge an address; an operator corrects a setting."""


class CdnUnavailable(CdnError):
    """The CDN's API can't be reached or asks to wait; the same call may work later.

    `retry_after_s` is the wait it asked for (None: it did not say).
    """

    def __init__(self, happened: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(happened, todo="It is tried again by itself.")
        self.retry_after_s = retry_after_s


class WarehouseError(StudioError):
    """The warehouse could not answer or not be brought up to date; the record is not affected."""


class WarehouseMissing(WarehouseError):
    """There is no lake yet, or none of today's shape; the next sync makes it."""


class WarehouseBusy(WarehouseError):
    """Another process brings the warehouse up to date at this moment."""


class ServiceError(StudioError):
    """An embedded server could not do its work."""


class DataFolderBusy(ServiceError):
    """Another process owns the data folder; `pid` is that process."""

    def __init__(self, happened: str, *, pid: int, todo: str = "") -> None:
        super().__init__(happened, todo=todo)
        self.pid = pid


class ServiceStartFailed(ServiceError):
    """An embedded server did not become ready; the message ends with the last lines of its log."""
