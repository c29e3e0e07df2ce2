"""Settings: what the environment says, and what no message may say."""

from __future__ import annotations

import os
import pickle
import traceback
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from storage.errors import SettingsError
from storage.settings import Settings, load_settings

SECRET = "hunter2-very-secret"
SECRETS = ("DATABASE_URL", "REDIS_URL", "FAL_KEY", "SUPABASE_SERVICE_ROLE_KEY")


def test_without_an_environment_everything_is_embedded() -> None:
    settings = load_settings()
    assert settings.database_url is settings.redis_url is settings.fal_key is None
    assert settings.uses_simulator
    assert (settings.data_dir, settings.port) == (Path(".studio"), 8501)
    assert settings.media_workers == (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("STUDIO_DATA_DIR", "/srv/studio", "data_dir", Path("/srv/studio")),
        ("STUDIO_PORT", "80", "port", 80),
        ("STUDIO_PORT", "", "port", 8501),
        ("STUDIO_SESSION_HOURS", "720", "session_hours", 720),
        ("FAL_CONCURRENCY", "7", "fal_concurrency", 7),
        ("STUDIO_SIMULATOR_SECONDS", "0.5", "simulator_seconds", 0.5),
        ("STUDIO_PERSON_DAY_LIMIT_USD", "12.50", "person_day_limit_usd", Decimal("12.50")),
        ("STUDIO_TIME_ZONE", "Europe/Berlin", "zone", ZoneInfo("Europe/Berlin")),
        ("studio_port", "81", "port", 81),
    ],
)
def test_a_variable_is_read_in_its_type(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, read: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(load_settings(), field) == read


@pytest.mark.parametrize(
    "variable", ["SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_KEY", "SUPABASE_SERVICE_KEY"]
)
def test_supabases_key_has_several_names(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, SECRET)
    key = load_settings().supabase_key
    assert key is not None
    assert key.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STUDIO_PORT", "hunter2"),
        ("STUDIO_PORT", "70000"),
        ("STUDIO_PORT", "0"),
        ("STUDIO_SESSION_HOURS", "0"),
        ("STUDIO_SUBMIT_WORKERS", "65"),
        ("STUDIO_MAX_IMAGE_MB", "31"),
        ("STUDIO_WORKBENCH_SECONDS", "301"),
        ("STUDIO_WORKBENCH_ROWS", "0"),
        ("STUDIO_WORKBENCH_MEMORY_MB", "255"),
        ("STUDIO_WORKBENCH_DISK_MB", "0"),
        ("STUDIO_WORKBENCH_AT_ONCE", "33"),
        ("FAL_CONCURRENCY", "0"),
        ("FAL_START_TIMEOUT_S", "1"),
        ("STUDIO_SIMULATOR_SECONDS", "-1"),
        ("STUDIO_PERSON_DAY_LIMIT_USD", "-0.01"),
        ("STUDIO_PERSON_DAY_LIMIT_USD", "hunter2"),
        ("STUDIO_PERSON_DAY_LIMIT_USD", "NaN"),
        ("STUDIO_TIME_ZONE", "hunter2"),
        ("STUDIO_TIME_ZONE", "../../etc/passwd"),
        ("STUDIO_TIME_ZONE", "/etc/localtime"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable) as refused:
        load_settings()
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))
    assert "passwd" not in refused.value.happened


def test_every_bad_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PORT", "x")
    monkeypatch.setenv("STUDIO_TIME_ZONE", "x")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "STUDIO_PORT" in refused.value.happened
    assert "STUDIO_TIME_ZONE" in refused.value.happened


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, SECRET)
    settings = load_settings()
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())]
    assert not any(SECRET in text for text in shown)


def test_no_secret_is_shown_when_another_setting_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("STUDIO_PORT", "x")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_settings_do_not_change_after_they_are_read() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]


def test_settings_reach_a_child_process_as_they_are() -> None:
    settings = load_settings(fal_key=SECRET, port=9000)
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


def test_what_is_handed_in_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PORT", "80")
    assert load_settings(port=81).port == 81


def test_a_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("STUDIO_PORT=80\nSTUDIO_HOST=::1\nUNKNOWN=1\n")
    monkeypatch.setitem(Settings.model_config, "env_file", tmp_path / ".env")
    monkeypatch.setenv("STUDIO_PORT", "81")
    settings = load_settings()
    assert (settings.host, settings.port) == ("::1", 81)


@pytest.mark.parametrize(
    ("given", "simulator", "in_flight"),
    [
        ({}, True, 20),
        ({"fal_key": "k"}, False, 2),
        ({"fal_key": "k", "fal_base_url": "http://127.0.0.1:1"}, True, 20),
        ({"fal_key": "k", "fal_concurrency": 9}, False, 9),
    ],
)
def test_the_allowance_follows_the_provider(
    given: dict[str, object], simulator: bool, in_flight: int
) -> None:
    settings = load_settings(**given)
    assert (settings.uses_simulator, settings.in_flight_limit) == (simulator, in_flight)
