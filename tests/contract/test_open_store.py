from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.objects.cdn import Copy
from storage.objects.local import LocalStore
from storage.objects.opening import open_cdn, open_store
from storage.objects.supabase import SupabaseStore
from storage.settings import Settings, load_settings
from tests.contract.cloudflare_server import ACCOUNT, ZONE


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


R2 = {
    "r2_account_id": ACCOUNT,
    "r2_bucket": "copies",
    "r2_access_key_id": "an-id",
    "r2_secret_access_key": "a-secret",
}
PUBLIC = {
    "cdn_public_url": "https://cdn.acme.test/",
    "cloudflare_zone_id": ZONE,
    "cloudflare_api_token": "a-token",
}


def test_there_is_no_cdn_unless_one_is_set() -> None:
    assert open_cdn(load_settings(_env_file=None)) is None


def test_addresses_of_the_cdn_are_signed_unless_it_has_a_public_one() -> None:
    cdn = open_cdn(load_settings(_env_file=None, **R2))
    assert cdn is not None
    assert cdn.public is None
    address = cdn.address(Copy("videos/1/720p.mp4", "aa"), 60, None)
    host = f"https://{ACCOUNT}.r2.cloudflarestorage.com"
    assert address.startswith(f"{host}/copies/videos/1/720p.mp4?X-Amz-Algorithm=")


def test_a_public_address_has_the_sum() -> None:
    cdn = open_cdn(load_settings(_env_file=None, **R2, **PUBLIC))
    assert cdn is not None
    address = cdn.address(Copy("videos/1/720p.mp4", "aa"), 60, None)
    assert address == "https://cdn.acme.test/videos/1/720p.mp4?v=aa"


def test_an_address_of_a_jurisdiction_takes_the_place_of_the_accounts() -> None:
    values = {**R2, "r2_account_id": None, "r2_endpoint": f"https://{ACCOUNT}.eu.r2.acme.test"}
    cdn = open_cdn(load_settings(_env_file=None, **values))
    assert cdn is not None
    assert cdn.endpoint == f"https://{ACCOUNT}.eu.r2.acme.test"


@pytest.mark.parametrize("absent", R2)
def test_half_a_cdn_is_an_operators_mistake(absent: str) -> None:
    values = {name: value for name, value in R2.items() if name != absent}
    with pytest.raises(SettingsError, match="Only a part of Cloudflare R2 is set") as caught:
        open_cdn(load_settings(_env_file=None, **values))
    assert f"Set {absent.upper()} too" in caught.value.todo


@pytest.mark.parametrize("absent", PUBLIC)
def test_a_public_address_that_could_not_be_purged_is_an_operators_mistake(absent: str) -> None:
    values = {name: value for name, value in PUBLIC.items() if name != absent}
    with pytest.raises(SettingsError, match="public address") as caught:
        open_cdn(load_settings(_env_file=None, **R2, **values))
    assert f"Set {absent.upper()} too" in caught.value.todo


def test_a_public_address_without_a_bucket_is_an_operators_mistake() -> None:
    with pytest.raises(SettingsError, match="no CDN behind it") as caught:
        open_cdn(load_settings(_env_file=None, **PUBLIC))
    assert "R2_BUCKET" in caught.value.todo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("r2_account_id", "acme"),
        ("r2_endpoint", "acme.test"),
        ("cdn_public_url", "cdn.acme.test"),
        ("cdn_public_url", "https://user:hush@cdn.acme.test"),
        ("cloudflare_zone_id", "acme.test"),
        ("cloudflare_api_url", "api"),
    ],
)
def test_a_value_that_can_not_be_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name.upper()) as caught:
        open_cdn(load_settings(_env_file=None, **{**R2, **PUBLIC, name: value}))
    assert "hush" not in str(caught.value)


def test_no_key_of_the_cdn_shows() -> None:
    shown = repr(open_cdn(load_settings(_env_file=None, **R2, **PUBLIC)))
    assert not [word for word in ("an-id", "a-secret", "a-token") if word in shown]


def test_a_cdn_that_nobody_asks_does_not_load_its_client() -> None:
    code = (
        "import sys; from storage.objects.opening import open_cdn;"
        " from storage.settings import load_settings;"
        f" print(open_cdn(load_settings(_env_file=None, **{R2!r})) is None, 'boto3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
