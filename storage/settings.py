"""Every setting of the studio, typed and frozen, read once at the edge of a process.

`docs/configuration.md` and `.env.example` list the same settings; a test compares the three.
"""

from __future__ import annotations

import os
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from storage.errors import SettingsError


class Settings(BaseSettings):
    """What an operator can choose. Each field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        # A secret may stand in the wrong variable; a traceback must not show it either.
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(
        Path(".studio"),
        validation_alias="STUDIO_DATA_DIR",
        description="Folder for everything embedded: database, queue, files, logs.",
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias="STUDIO_HOST",
        description="Address the dashboard listens on.",
    )
    port: int = Field(
        8501, ge=1, le=65535, validation_alias="STUDIO_PORT", description="Port of the dashboard."
    )
    public_url: str | None = Field(
        None,
        validation_alias="STUDIO_PUBLIC_URL",
        description="Address people and fal's webhooks reach the dashboard at, when it has one.",
    )
    company: str = Field(
        "Seedance Studio",
        validation_alias="STUDIO_COMPANY",
        description="Name shown on the sign-in page.",
    )
    time_zone: str = Field(
        "UTC",
        validation_alias="STUDIO_TIME_ZONE",
        description="The company's time zone: budgets' days and months begin and end in it.",
    )
    session_hours: int = Field(
        12,
        ge=1,
        le=720,
        validation_alias="STUDIO_SESSION_HOURS",
        description="Hours a sign-in lasts.",
    )

    database_url: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="Postgres to use instead of the embedded one. Needs rights to create roles.",
    )
    redis_url: SecretStr | None = Field(
        None,
        validation_alias="REDIS_URL",
        description="Redis or Valkey to use instead of the embedded one.",
    )
    postgres_bin_dir: Path | None = Field(
        None,
        validation_alias="STUDIO_POSTGRES_BIN_DIR",
        description="Folder with `postgres` and `initdb` to use instead of the bundled ones.",
    )

    fal_key: SecretStr | None = Field(
        None,
        validation_alias="FAL_KEY",
        description="Key of the fal account. Without it the simulator is used.",
    )
    fal_base_url: str | None = Field(
        None,
        validation_alias="FAL_BASE_URL",
        description="Address of a fal simulator. Takes the place of fal when set; loopback or "
        "a private name only.",
    )
    fal_concurrency: int | None = Field(
        None,
        ge=1,
        validation_alias="FAL_CONCURRENCY",
        description="Requests in flight at fal at once. Default: 2 at fal (a new account's "
        "allowance), 20 at the simulator.",
    )
    person_concurrency: int | None = Field(
        None,
        ge=1,
        validation_alias="STUDIO_PERSON_CONCURRENCY",
        description="Generations of one person at fal at once. Default: as many as the account has "
        "room for; each free place goes to whoever has the fewest.",
    )
    person_submits_per_minute: int = Field(
        30,
        ge=1,
        validation_alias="STUDIO_PERSON_SUBMITS_PER_MINUTE",
        description="Submits of one person within a minute; a batch is one.",
    )
    fal_start_timeout_s: int = Field(
        1800,
        ge=2,
        validation_alias="FAL_START_TIMEOUT_S",
        description="Seconds within which fal must start a request, else it gives it back unpaid.",
    )
    simulator_port: int | None = Field(
        None,
        validation_alias="STUDIO_SIMULATOR_PORT",
        description="Port of the simulator that `studio up` starts. Default: a free one.",
    )
    simulator_seconds: float = Field(
        4.0,
        ge=0,
        validation_alias="STUDIO_SIMULATOR_SECONDS",
        description="Seconds the simulator takes to make a video.",
    )

    supabase_url: str | None = Field(
        None,
        validation_alias="SUPABASE_URL",
        description="Supabase project whose storage keeps the files. Without it: a local folder.",
    )
    supabase_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices(
            "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_KEY", "SUPABASE_SERVICE_KEY"
        ),
        description="The project's service-role key. Stays on the server.",
    )
    supabase_bucket: str = Field(
        "videos",
        validation_alias="SUPABASE_BUCKET",
        description="Private bucket for the files; `studio migrate` makes it.",
    )

    r2_account_id: str | None = Field(
        None,
        validation_alias="R2_ACCOUNT_ID",
        description="Cloudflare account whose R2 bucket is the CDN in front of the files. Without "
        "it: no CDN.",
    )
    r2_endpoint: str | None = Field(
        None,
        validation_alias="R2_ENDPOINT",
        description="S3 address of the bucket when it is not the account's usual one, such as "
        "that of a jurisdiction.",
    )
    r2_bucket: str | None = Field(
        None, validation_alias="R2_BUCKET", description="Bucket that holds the CDN's copies."
    )
    r2_access_key_id: SecretStr | None = Field(
        None,
        validation_alias="R2_ACCESS_KEY_ID",
        description="Access key of an R2 token with Object Read & Write for the bucket.",
    )
    r2_secret_access_key: SecretStr | None = Field(
        None,
        validation_alias="R2_SECRET_ACCESS_KEY",
        description="That token's secret. Stays on the server.",
    )
    cdn_public_url: str | None = Field(
        None,
        validation_alias="CDN_PUBLIC_URL",
        description="The bucket's custom domain. With it, anyone who has a video's link can watch "
        "it, without an end; without it, links are signed and end after minutes.",
    )
    cloudflare_zone_id: str | None = Field(
        None,
        validation_alias="CLOUDFLARE_ZONE_ID",
        description="Zone of the custom domain, to purge its caches. Goes with CDN_PUBLIC_URL.",
    )
    cloudflare_api_token: SecretStr | None = Field(
        None,
        validation_alias="CLOUDFLARE_API_TOKEN",
        description="Token that may Cache Purge in that zone. Goes with CDN_PUBLIC_URL.",
    )
    cloudflare_api_url: str = Field(
        "https://api.cloudflare.com/client/v4",
        validation_alias="CLOUDFLARE_API_URL",
        description="Address of Cloudflare's API.",
    )

    warehouse_dir: Path | None = Field(
        None,
        validation_alias="STUDIO_WAREHOUSE_DIR",
        description="Folder for the warehouse's files; every process of the studio needs it. "
        "Default: `warehouse` in the data folder.",
    )

    workbench_seconds: int = Field(
        30,
        ge=1,
        le=300,
        validation_alias="STUDIO_WORKBENCH_SECONDS",
        description="Seconds that a question of the workbench may run, 1 to 300.",
    )
    workbench_rows: int = Field(
        50_000,
        ge=100,
        le=250_000,
        validation_alias="STUDIO_WORKBENCH_ROWS",
        description="Rows that an answer of the workbench may have, 100 to 250,000; at most 32 MB.",
    )
    workbench_memory_mb: int = Field(
        768,
        ge=256,
        le=65_536,
        validation_alias="STUDIO_WORKBENCH_MEMORY_MB",
        description="MB of memory that a question of the workbench may take, 256 to 65,536.",
    )
    workbench_disk_mb: int = Field(
        1024,
        ge=64,
        le=262_144,
        validation_alias="STUDIO_WORKBENCH_DISK_MB",
        description="MB on disk that a question of the workbench may take while it sorts and "
        "joins, 64 to 262,144.",
    )
    workbench_at_once: int = Field(
        2,
        ge=1,
        le=32,
        validation_alias="STUDIO_WORKBENCH_AT_ONCE",
        description="Questions of the workbench that run at once, 1 to 32; one person has one. "
        "Each may use two cores.",
    )

    submit_workers: int = Field(
        1, ge=1, le=64, validation_alias="STUDIO_SUBMIT_WORKERS", description="Submit workers."
    )
    collect_workers: int = Field(
        2, ge=1, le=64, validation_alias="STUDIO_COLLECT_WORKERS", description="Collect workers."
    )
    media_workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=64,
        validation_alias="STUDIO_MEDIA_WORKERS",
        description="Media workers. Default: one per core.",
    )
    ffmpeg_bin: Path | None = Field(
        None,
        validation_alias="STUDIO_FFMPEG_BIN",
        description="ffmpeg to use instead of the bundled one.",
    )
    max_image_mb: int = Field(
        30,
        ge=1,
        le=30,
        validation_alias="STUDIO_MAX_IMAGE_MB",
        description="Largest start or end image, in MB (fal's own limit is 30).",
    )
    max_video_mb: int = Field(
        512,
        ge=1,
        validation_alias="STUDIO_MAX_VIDEO_MB",
        description="Largest video taken from fal, in MB.",
    )

    catalog_file: Path | None = Field(
        None,
        validation_alias="STUDIO_CATALOG_FILE",
        description="TOML catalogue of models and prices to use instead of the one that ships.",
    )
    content_rules_file: Path | None = Field(
        None,
        validation_alias="STUDIO_CONTENT_RULES_FILE",
        description="TOML list of terms and patterns that prompts may not contain.",
    )
    person_day_limit_usd: Annotated[Decimal, NoDecode] = Field(
        Decimal(100),
        ge=0,
        validation_alias="STUDIO_PERSON_DAY_LIMIT_USD",
        description="USD a person may spend a day until that limit is set or removed on the "
        "Budgets page.",
    )
    metrics_token: SecretStr | None = Field(
        None,
        min_length=16,
        validation_alias="STUDIO_METRICS_TOKEN",
        description="What Prometheus has to know to read `/metrics`, at least 16 characters. "
        "Without it there is no such page.",
    )
    alert_urls: SecretStr | None = Field(
        None,
        validation_alias="STUDIO_ALERT_URLS",
        description="Addresses that alerts are sent to, as apprise writes them, separated by "
        "commas or new lines. Without any, alerts are only shown on the Alerts page.",
    )
    alert_quiet_s: int = Field(
        14_400,
        ge=60,
        validation_alias="STUDIO_ALERT_QUIET_S",
        description="Seconds until an alert that is still open is sent again.",
    )
    log_level: str = Field(
        "INFO", validation_alias="STUDIO_LOG_LEVEL", description="Least level that is logged."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError("it is not a time zone such as Europe/Berlin") from exc
        return value

    @cached_property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def max_image_bytes(self) -> int:
        """Largest start or end image."""
        return self.max_image_mb * 1024 * 1024

    @property
    def warehouse_folder(self) -> Path:
        """Folder of the warehouse: the lake `live`, and `demo` when there is one."""
        return self.warehouse_dir or self.data_dir / "warehouse"

    @property
    def workbench_folder(self) -> Path:
        """Folder in which the workbench keeps what its running questions read and write."""
        return self.data_dir / "workbench"

    @property
    def uses_simulator(self) -> bool:
        """Whether generations go to the simulator rather than to fal."""
        return self.fal_base_url is not None or self.fal_key is None

    @property
    def in_flight_limit(self) -> int:
        """Requests that may be in flight at the provider at once."""
        return self.fal_concurrency or (20 if self.uses_simulator else 2)


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and `.env`; `overrides` win over both.

    Raises:
        SettingsError: a value is not usable; the message names each variable, never its value.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as exc:
        problems = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in exc.errors(include_input=False))
        raise SettingsError(
            f"The settings can't be used: {problems}.",
            todo="Correct the variables named; docs/configuration.md describes each.",
        ) from exc
