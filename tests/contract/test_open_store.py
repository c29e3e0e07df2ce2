from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.objects.local import LocalStore
from storage.objects.opening import open_store
from storage.objects.supabase import SupabaseStore
from storage.settings import Settings, load_settings


def settings(tmp_path: Path, url: str | None, key: str | None) -> Settings:
    return load_settings(_env_file=None, data_dir=tmp_path, supabase_url=url, supabase_key=key)


def test_files_are_kept_in_the_data_folder_unless_supabase_is_set(tmp_path: Path) -> None:
    store = open_store(settings(tmp_path, None, None))
    assert isinstance(store, LocalStore)
    assert repr(store) == f"LocalStore('{tmp_path}/objects')"
    assert list(tmp_path.iterdir()) == []


def test_supabase_is_used_when_it_is_set(tmp_path: Path) -> None:
    store = open_store(settings(tmp_path, "http://127.0.0.1:1", "a-key"))
    assert isinstance(store, SupabaseStore)
    assert repr(store) == "SupabaseStore('http://127.0.0.1:1', 'videos')"
    store.close()


def test_an_address_without_a_key_is_an_operators_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="key") as caught:
        open_store(settings(tmp_path, "http://127.0.0.1:1", None))
    assert "SUPABASE_SERVICE_ROLE_KEY" in caught.value.todo


def test_a_studio_with_local_files_does_not_load_the_client() -> None:
    code = "import sys, storage.objects.opening; print('supabase' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
