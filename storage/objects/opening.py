"""Chooses where files are kept."""

from __future__ import annotations

from storage.errors import SettingsError
from storage.objects.base import ObjectStore
from storage.objects.local import LocalStore
from storage.settings import Settings


def open_store(settings: Settings) -> ObjectStore:
    """The store that `settings` ask for: Supabase when its address is set, else a local folder.

    Nothing is contacted and nothing is made; `prepare` does that.

    Raises:
        SettingsError: the address of Supabase is set and the key is not, or one can't be right.
    """
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
