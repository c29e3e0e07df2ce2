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
