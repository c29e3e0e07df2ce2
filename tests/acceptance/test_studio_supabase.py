"""A studio whose files are in Supabase Storage, told so by an `.env` where it is started."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jobs.fal.simulator.process import Simulator
from jobs.media.probe import probe_video
from tests.acceptance.conftest import NewStudio
from tests.acceptance.running_studio import Studio
from tests.acceptance.warm_commands import Ran
from tests.contract.supabase_contract_server import ContractServer, serving

MAX_BYTES = 100 * 1024 * 1024
FAL_KEY = "0a1b2c3d-4e5f-6789-abcd-ef0123456789:0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def supabase() -> Iterator[tuple[ContractServer, str]]:
    """The server and its address."""
    server = ContractServer()
    with serving(server.app()) as url:
        yield server, url


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory,
    new_studio: NewStudio,
    supabase: tuple[ContractServer, str],
    simulator_server: Simulator,
) -> Iterator[Studio]:
    """A studio with an `.env` where it is started; ended by SIGTERM."""
    studio = new_studio(tmp_path_factory.mktemp("cloud"))
    chosen = {
        "FAL_KEY": FAL_KEY,
        "FAL_BASE_URL": simulator_server.url,
        "SUPABASE_URL": supabase[1],
        "SUPABASE_SERVICE_ROLE_KEY": supabase[0].service_key,
        "STUDIO_COMPANY": "Acme Shoes",
    }
    lines = [f"{name}={value}\n" for name, value in chosen.items()]
    (studio.home / ".env").write_text("".join(lines))
    studio.start()
    try:
        yield studio
    finally:
        assert studio.stop(signal.SIGTERM) == 0


@pytest.fixture(scope="module")
def told(cloud: Studio) -> Ran:
    """What was printed about a video that was made there."""
    return cloud.generate("--wait")


def test_files_are_in_the_bucket_and_not_on_this_machine(
    cloud: Studio, told: Ran, supabase: tuple[ContractServer, str]
) -> None:
    assert told.json["status"] == "completed", told.err
    server, _ = supabase
    assert not server.buckets["videos"].public
    folder = f"videos/{told.json['id']}"
    kept = {name.rpartition("/")[2] for _, name in server.files if name.startswith(folder)}
    assert kept == {"web.mp4", "360p.mp4", "poster.jpg", "preview.mp4"}
    assert not [file for file in (cloud.data / "objects").rglob("*") if file.is_file()]


def test_the_printed_addresses_are_signed_and_play_from_any_place(
    told: Ran, supabase: tuple[ContractServer, str], tmp_path: Path
) -> None:
    address = told.json["files"]["web"]
    assert address.startswith(f"{supabase[1]}/storage/v1/object/sign/videos/")
    whole, part = (
        httpx.get(address, headers=headers, trust_env=False)
        for headers in ({}, {"range": "bytes=10-19"})
    )
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    (tmp_path / "web.mp4").write_bytes(whole.content)
    assert probe_video(tmp_path / "web.mp4", MAX_BYTES).plays_in_browsers


def test_the_dashboard_sends_the_browser_to_a_signed_address_that_its_policy_allows(
    cloud: Studio, told: Ran, supabase: tuple[ContractServer, str]
) -> None:
    with cloud.signed_in() as client:
        sent = client.get(f"/app/static/media/{told.json['id']}/web")
        policy = client.get("/create").headers["content-security-policy"]
    assert sent.status_code == 302
    assert sent.headers["location"].startswith(f"{supabase[1]}/storage/v1/object/sign/")
    media = next(part for part in policy.split(";") if part.strip().startswith("media-src"))
    assert supabase[1] in media
    assert httpx.get(sent.headers["location"], trust_env=False).content[4:8] == b"ftyp"


def test_the_pages_follow_the_env_file_too(cloud: Studio) -> None:
    with cloud.browser() as client:
        assert "Acme Shoes" in client.get("/session/login").text


def test_the_books_are_right_and_the_keys_are_nowhere(
    cloud: Studio, told: Ran, supabase: tuple[ContractServer, str]
) -> None:
    doctor = cloud.run("doctor", "--json")
    assert doctor.code == 0, doctor.out
    files = [file.read_bytes() for file in cloud.data.rglob("*") if file.is_file()]
    words = (cloud.said + doctor.out + doctor.err + told.out + told.err).encode()
    for key in (FAL_KEY, supabase[0].service_key):
        assert not [text for text in [*files, words] if key.encode() in text]
