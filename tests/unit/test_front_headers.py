import base64
import hashlib
from pathlib import Path

import streamlit

from dashboard.headers import content_policy, security_headers
from storage.settings import load_settings


def test_the_inline_script_of_streamlits_page_is_allowed_by_its_hash() -> None:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    script = page.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in content_policy(None)


def test_scripts_are_never_allowed_inline_or_from_elsewhere() -> None:
    scripts = next(p for p in content_policy(None).split("; ") if p.startswith("script-src"))
    assert "unsafe" not in scripts
    assert "http" not in scripts


def test_files_may_come_from_supabase_when_it_is_used() -> None:
    policy = content_policy("https://abc.supabase.co/storage/")
    assert "img-src 'self' data: blob: https://abc.supabase.co;" in policy
    assert "media-src 'self' blob: https://abc.supabase.co;" in policy


def test_browsers_stay_with_tls_once_people_use_it() -> None:
    plain = security_headers(load_settings(public_url="http://studio.test"))
    tls = security_headers(load_settings(public_url="https://studio.test"))
    assert "strict-transport-security" not in plain
    assert "strict-transport-security" in tls


CDN = {
    "r2_account_id": "0123456789abcdef0123456789abcdef",
    "cdn_public_url": "https://cdn.acme.test/films",
}


def test_files_may_come_from_the_cdn_and_from_nowhere_else() -> None:
    signed = load_settings(_env_file=None, r2_account_id=CDN["r2_account_id"])
    public = load_settings(_env_file=None, **CDN)
    host = f"https://{CDN['r2_account_id']}.r2.cloudflarestorage.com"
    assert hosts_of(security_headers(signed)["content-security-policy"]) == {host}
    assert hosts_of(security_headers(public)["content-security-policy"]) == {
        "https://cdn.acme.test"
    }


def hosts_of(policy: str) -> set[str]:
    """Every host that a policy names; each may send images and videos only."""
    named = {part.split()[0]: set(part.split()) for part in policy.split("; ") if "://" in part}
    assert set(named) == {"img-src", "media-src"}
    assert named["img-src"] - {"img-src", "data:"} == named["media-src"] - {"media-src"}
    return {word for word in named["media-src"] if "://" in word}
