"""Chooses where files are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from storage.errors import SettingsError
from storage.objects.base import ObjectStore
from storage.objects.cdn import Cdn, CdnStore, PublicDomain
from storage.objects.cloudflare import Cloudflare
from storage.objects.local import LocalStore
from storage.postgres import Database
from storage.records.cdn import RecordedCopies
from storage.settings import Settings

_ADDRESS = re.compile(r"https?://([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?(/[\w./-]*)?", re.A | re.I)
_ACCOUNT = re.compile(r"[0-9a-f]{32}")


def open_store(
    settings: Settings, cdn: Cdn | None = None, database: Database | None = None
) -> ObjectStore:
    """The store that `settings` ask for: Supabase when its address is set, else a local folder.

    With `cdn` that one stands in front, as far as `database` knows of its copies. Nothing is
    contacted and nothing is made; `prepare` does that.

    Raises:
        SettingsError: the address of Supabase is set and the key is not, or one can't be right.
    """
    origin = _open_origin(settings)
    if cdn is None or database is None:
        return origin
    return CdnStore(origin, cdn, RecordedCopies(database))


def _open_origin(settings: Settings) -> ObjectStore:
    if settings.supabase_url is None:
        return LocalStore(settings.data_dir / "objects")
    if settings.supabase_key is None:
        raise SettingsError(
            "SUPABASE_URL is set, but the key is not.",
            todo="Set SUPABASE_SERVICE_ROLE_KEY, or remove SUPABASE_URL to keep files in a folder.",
        )
    # Imported here because it takes a second, and a studio with local files has no use for it.
    from storage.objects.supabase import SupabaseStore

    return SupabaseStore(settings.supabase_url, settings.supabase_key, settings.supabase_bucket)


def open_cdn(settings: Settings) -> Cdn | None:
    """The CDN that `settings` describe, None when they describe none. Nothing is contacted.

    Raises:
        SettingsError: they describe half of one, or a value can't be right.
    """
    endpoint, bucket = r2_endpoint(settings), settings.r2_bucket
    key_id, secret = settings.r2_access_key_id, settings.r2_secret_access_key
    public = _public_domain(settings)
    if endpoint and bucket and key_id and secret:
        return Cdn(endpoint, bucket, key_id, secret, settings.r2_account_id, public)
    described = {
        "R2_ACCOUNT_ID": endpoint,
        "R2_BUCKET": bucket,
        "R2_ACCESS_KEY_ID": key_id,
        "R2_SECRET_ACCESS_KEY": secret,
    }
    _refuse_half("Cloudflare R2", described)
    if public is not None:
        raise SettingsError(
            "CDN_PUBLIC_URL is set, but there is no CDN behind it.",
            todo=f"Set {_listed([*described])}, or remove CDN_PUBLIC_URL.",
        )
    return None


def r2_endpoint(settings: Settings) -> str | None:
    """Where the S3 API of the bucket is (Cloudflare docs, R2, "S3 API"); None without a CDN.

    Raises:
        SettingsError: the account or the address can't be right.
    """
    if settings.r2_endpoint is not None:
        return _address("R2_ENDPOINT", settings.r2_endpoint)
    if settings.r2_account_id is None:
        return None
    if not _ACCOUNT.fullmatch(settings.r2_account_id):
        raise SettingsError(
            "R2_ACCOUNT_ID is no account's id.",
            todo="It has 32 letters and digits and stands on the overview page of R2.",
        )
    return f"https://{settings.r2_account_id}.r2.cloudflarestorage.com"


def _public_domain(settings: Settings) -> PublicDomain | None:
    url, zone = settings.cdn_public_url, settings.cloudflare_zone_id
    token = settings.cloudflare_api_token
    if url and zone and token:
        api_url = _address("CLOUDFLARE_API_URL", settings.cloudflare_api_url)
        return PublicDomain(_address("CDN_PUBLIC_URL", url), Cloudflare(zone, token, api_url))
    described = {
        "CDN_PUBLIC_URL": url,
        "CLOUDFLARE_ZONE_ID": zone,
        "CLOUDFLARE_API_TOKEN": token,
    }
    _refuse_half("the public address of the CDN", described)
    return None


def _refuse_half(what: str, described: Mapping[str, object]) -> None:
    """Let none of it pass, and all of it.

    Raises:
        SettingsError: a part of it is set, and a part is not.
    """
    absent = [name for name, value in described.items() if not value]
    if absent and len(absent) < len(described):
        present = [name for name in described if name not in absent]
        raise SettingsError(
            f"Only a part of {what} is set.",
            todo=f"Set {_listed(absent)} too, or remove {_listed(present)}.",
        )


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _address(name: str, url: str) -> str:
    if not _ADDRESS.fullmatch(url):
        raise SettingsError(f"{name} is not an address.", todo="It begins with https://.")
    return url.rstrip("/")
