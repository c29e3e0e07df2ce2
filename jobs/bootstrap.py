"""The composition root: settings in, services out. Every process opens its own, after any fork."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from jobs.bells import Bells
from jobs.content_rules import ContentRules, load_content_rules
from jobs.fal.catalog import Catalog, load_catalog
from jobs.fal.client import FalClient
from jobs.media.ffmpeg import Ffmpeg
from jobs.workbench.limits import limits_of
from jobs.workbench.pool import SandboxPool
from storage.errors import SettingsError
from storage.objects.base import ObjectStore
from storage.objects.cdn import Cdn
from storage.objects.opening import open_cdn, open_store
from storage.postgres import Database
from storage.settings import Settings
from storage.warehouse.reader import WarehouseReader

LIVE, DEMO = "live", "demo"
"""The two lakes of a warehouse."""
SIMULATOR_KEY = "simulator"


@dataclass(frozen=True)
class Services:
    """What use cases and steps work with; tests hand in their own."""

    settings: Settings
    database: Database
    store: ObjectStore
    catalog: Catalog
    rules: ContentRules
    bells: Bells
    fal: FalClient
    ffmpeg: Ffmpeg
    warehouse: WarehouseReader
    """What the record held when it was last synced, for figures and analysts."""
    demo_warehouse: WarehouseReader
    """A made-up history of the same shape, apart from everything real; often there is none."""
    cdn: Cdn | None = None
    """What stands in front of the store; None when nothing does."""
    workbench: SandboxPool = field(default_factory=SandboxPool)
    """Answers analysts' SQL; starts nothing before it is asked."""

    def close(self) -> None:
        """Close every connection. Safe to repeat."""
        self.workbench.close()
        self.warehouse.close()
        self.demo_warehouse.close()
        self.store.close()
        if self.cdn is not None:
            self.cdn.close()
        self.database.close()
        self.bells.close()
        self.fal.close()


def open_services(settings: Settings) -> Services:
    """The services that the settings describe. Nothing is connected before it is used.

    Raises:
        SettingsError: an address is missing; `studio up` provides those of embedded services.
    """
    if settings.database_url is None or settings.redis_url is None:
        raise SettingsError(
            "DATABASE_URL and REDIS_URL are not set.",
            todo="Start everything with `studio up`, or set both addresses.",
        )
    database, cdn = Database(settings.database_url), open_cdn(settings)
    return Services(
        settings=settings,
        database=database,
        store=open_store(settings, cdn, database),
        catalog=load_catalog(settings.catalog_file),
        rules=load_content_rules(settings.content_rules_file),
        bells=Bells(settings.redis_url),
        fal=FalClient(fal_key(settings), settings.fal_base_url),
        ffmpeg=Ffmpeg(settings.ffmpeg_bin),
        warehouse=WarehouseReader(settings.warehouse_folder / LIVE),
        demo_warehouse=WarehouseReader(settings.warehouse_folder / DEMO),
        cdn=cdn,
        workbench=SandboxPool(limits_of(settings), settings.workbench_folder),
    )


@contextmanager
def opened_services(settings: Settings) -> Iterator[Services]:
    """The services for the length of a `with` block."""
    services = open_services(settings)
    try:
        yield services
    finally:
        services.close()


def fal_key(settings: Settings) -> str:
    """The key to send: the account's own, or any word for the simulator.

    Raises:
        SettingsError: there is neither a key nor the address of a simulator.
    """
    if settings.fal_base_url is not None:
        return SIMULATOR_KEY
    if settings.fal_key is None:
        raise SettingsError(
            "Neither FAL_KEY nor FAL_BASE_URL is set.",
            todo="Set the key of your fal account, or start the simulator with `studio up`.",
        )
    return settings.fal_key.get_secret_value()
