from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from dashboard import services as front_services
from jobs.bells import Bells
from jobs.doctor import NEEDED
from storage.records import events
from tests.integration.front.front_studio import HTML, Studio


def test_a_healthy_studio_says_who_is_at_work(
    studio: Studio, as_owner: Callable[..., list[Any]]
) -> None:
    for kind in NEEDED:
        as_owner(
            "insert into studio.processes (name, kind, host, pid) values (%s, %s, 'h', 1)",
            kind,
            kind,
        )
    answer = studio.browser().get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "redis": "ok",
        "processes": dict.fromkeys(NEEDED, 1),
        "missing": [],
    }


def test_a_studio_without_workers_is_degraded_and_stays_open(studio: Studio) -> None:
    with studio.services.database.as_service() as tx:
        events.beat(tx, "watcher")
    answer = studio.browser().get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["missing"] == ["submit", "collect", "media"]


def test_a_watcher_that_is_silent_is_missing(
    studio: Studio, as_owner: Callable[..., list[Any]]
) -> None:
    with studio.services.database.as_service() as tx:
        events.beat(tx, "watcher")
    as_owner("update studio.processes set beat_at = now() - interval '2 minutes'")
    assert "watcher" in studio.browser().get("/health").json()["missing"]


def test_without_redis_it_is_down(studio: Studio) -> None:
    silent = Bells(SecretStr("redis://:hidden@127.0.0.1:1/0"))
    front_services.install(replace(studio.services, bells=silent))
    answer = studio.browser().get("/health")
    assert (answer.status_code, answer.json()["redis"]) == (503, "down")
    assert "hidden" not in answer.text


def test_without_the_record_it_is_down(studio: Studio) -> None:
    studio.services.database.close()
    answer = studio.browser().get("/health")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


def test_every_answer_carries_the_security_headers(studio: Studio) -> None:
    for path in ("/health", "/session/login", "/gallery", "/favicon.ico"):
        headers = studio.browser().get(path, headers=HTML).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_icon_is_open_to_everybody(studio: Studio) -> None:
    answer = studio.browser().get("/favicon.ico")
    assert answer.headers["content-type"] == "image/svg+xml"
