"""What Prometheus reads, through the front door, parsed by Prometheus' own parser."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain_text
from pydantic import SecretStr

from dashboard import metrics
from dashboard import services as front_services
from dashboard.http_meter import PARTS, part_of
from jobs.bells import Bells
from jobs.bootstrap import Services
from jobs.submitting import submit_next
from storage.records import attempts, events
from storage.records.metrics import figures
from storage.sqlfiles import queries
from tests.integration.front.front_studio import HTML, SAME, Studio, served

TOKEN = "a-token-that-only-prometheus-has"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
Samples = dict[tuple[str, ...], float]


@pytest.fixture
def watched(services: Services) -> Services:
    """A studio whose figures may be read."""
    settings = services.settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})
    return replace(services, settings=settings)


@pytest.fixture
def door(watched: Services) -> Iterator[httpx.Client]:
    front_services.install(watched)
    with ExitStack() as stack:
        origin = stack.enter_context(served())
        yield stack.enter_context(httpx.Client(base_url=origin, trust_env=False, timeout=20))
    front_services.close_services()


@pytest.fixture
def read(door: httpx.Client) -> Callable[[], Samples]:
    """Every sample now: name and label values (without `studio_`) to figure."""

    def scrape() -> Samples:
        answer = door.get("/metrics", headers=KNOWN)
        assert answer.status_code == 200
        return {
            (sample.name.removeprefix("studio_"), *sample.labels.values()): sample.value
            for family in plain_text(answer.text)
            for sample in family.samples
        }

    return scrape


def test_an_idle_studio_shows_its_zeros(read: Callable[[], Samples]) -> None:
    found = read()
    assert found["generations", "queued"] == found["queued", "interactive"] == 0
    assert found["generations_ended_last_hour", "failed"] == found["renditions", "failed"] == 0
    assert found["processes", "watcher"] == found["account_locked",] == found["in_flight",] == 0
    assert found["record_up",] == found["redis_up",] == 1
    assert found["in_flight_limit",] == 20
    assert ("watcher_last_sign_timestamp_seconds",) not in found


def test_what_waits_is_counted_with_its_money(
    read: Callable[[], Samples], submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> None:
    for _ in range(2):
        submit()
    as_owner("update studio.generations set created_at = now() - interval '90 seconds'")
    (held,) = as_owner("select sum(amount_usd)::float8 from studio.holds")
    found = read()
    assert found["generations", "queued"] == found["queued", "interactive"] == 2
    assert 90 <= found["queued_oldest_seconds", "interactive"] < 600
    assert found["queued_oldest_seconds", "batch"] == 0
    assert (found["holds_open_usd",],) == held


def test_what_is_at_fal_is_counted_as_the_claim_counts_it(
    read: Callable[[], Samples], submit: Callable[..., UUID], watched: Services
) -> None:
    submit()
    submit_next(watched)
    found = read()
    assert found["generations", "waiting"] == found["in_flight",] == 1
    assert found["queued", "interactive"] == 0


def test_unknown_outcomes_and_a_locked_account_show(
    read: Callable[[], Samples], submit: Callable[..., UUID], watched: Services
) -> None:
    generation_id = submit()
    with watched.database.as_service() as tx:
        attempts.lock_account(tx, "no balance", probe_after_s=60)
        attempt_id = attempts.intend(
            tx, generation_id, endpoint="e", marker="m", arguments={}, start_timeout_s=60
        )
        attempts.mark_unknown(tx, attempt_id, "lost")
    found = read()
    assert found["unknown_outcomes",] == found["account_locked",] == 1


def test_charges_of_today_and_unverified_ones_show(
    read: Callable[[], Samples], submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> None:
    charge = """
        insert into studio.charges
            (generation_id, person_id, team_id, amount_usd, verified, kind, created_at)
        select id, person_id, team_id, %s, %s, %s, now() - %s::interval from studio.generations
    """
    submit()
    as_owner(charge, "0.25", False, "charge", "0", triggers=False)
    assert read()["unverified_charges_30d",] == 1
    as_owner(charge, "-0.05", True, "adjustment", "0", triggers=False)
    found = read()
    assert found["charges_today_usd",] == pytest.approx(0.2)
    assert found["unverified_charges_30d",] == 0, "somebody has corrected it"


def test_a_charge_without_a_bill_is_counted_for_thirty_days(
    read: Callable[[], Samples], submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> None:
    submit()
    as_owner(
        "insert into studio.charges (generation_id, person_id, team_id, amount_usd, verified)"
        " select id, person_id, team_id, 1, false from studio.generations"
    )
    for days, counted in ((29, 1), (31, 0)):
        as_owner("update studio.charges set created_at = now() - make_interval(days => %s)", days)
        assert read()["unverified_charges_30d",] == counted


def test_what_ended_within_the_hour_and_its_renditions_show(
    studio: Studio, as_owner: Callable[..., list[Any]]
) -> None:
    studio.add_video(studio.max)
    (queued, old) = (studio.add_generation(studio.max) for _ in range(2))
    for ended in (queued, old):
        as_owner("update studio.generations set status = 'canceled' where id = %s", ended)
    late = "update studio.generation_history set at = now() - interval '2 hours'"
    as_owner(f"{late} where generation_id = %s", old)
    with studio.services.database.as_service() as tx:
        found = figures(tx, within_s=60)
    values = {(figure.name, figure.label): figure.value for figure in found}
    assert values["generations_ended_last_hour", "canceled"] == 1
    assert values["renditions", "pending"] == 1


def test_who_is_at_work_shows_and_when_the_watcher_was_last_seen(
    read: Callable[[], Samples], watched: Services
) -> None:
    with watched.database.as_service() as tx:
        events.beat(tx, "watcher")
    found = read()
    assert found["processes", "watcher"] == 1
    assert found["processes", "submit"] == 0
    assert abs(found["watcher_last_sign_timestamp_seconds",] - time.time()) < 600


def test_every_figure_of_the_query_has_its_words(
    watched: Services, submit: Callable[..., UUID]
) -> None:
    submit()
    with watched.database.as_service() as tx:
        events.beat(tx, "watcher")
        found = figures(tx, within_s=60)
    for figure in found:
        family = metrics.FAMILIES[figure.name]
        assert (figure.label is None) == (family.label is None)
        assert figure.label is None or figure.label in family.always


def test_without_the_record_it_says_so_and_nothing_of_it(
    read: Callable[[], Samples], watched: Services
) -> None:
    watched.database.close()
    found = read()
    assert (found["record_up",], found["redis_up",]) == (0, 1)
    assert not [name for name, *_ in found if name.startswith(("generations", "holds"))]


def test_without_redis_it_says_so(door: httpx.Client, watched: Services) -> None:
    silent = Bells(SecretStr("redis://:hidden@127.0.0.1:1/0"))
    front_services.install(replace(watched, bells=silent))
    text = door.get("/metrics", headers=KNOWN).text
    assert "studio_redis_up 0.0" in text
    assert "hidden" not in text


def test_prometheus_gets_the_newer_format_when_it_asks_for_it(door: httpx.Client) -> None:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    answer = door.get("/metrics", headers={**KNOWN, **accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = openmetrics(answer.text)  # type: ignore[no-untyped-call]
    assert "studio_record_up" in {family.name for family in families}


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"],
)
def test_only_who_knows_the_token_reads_it(door: httpx.Client, authorization: str) -> None:
    answer = door.get("/metrics", headers={b"Authorization": authorization.encode()})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "studio_" not in answer.text


def test_a_session_does_not_open_it(studio: Studio, watched: Services) -> None:
    admin = studio.signed_in(studio.ada)
    assert admin.get("/metrics").status_code == 404
    front_services.install(watched)
    assert admin.get("/metrics").status_code == 401


def test_it_tells_nothing_of_a_person(studio: Studio, watched: Services) -> None:
    front_services.install(watched)
    studio.add_generation(studio.max, "Secret launch")
    max_here = studio.signed_in(studio.max)
    max_here.get("/gallery", headers=HTML)
    max_here.get("/session/link/a-one-time-token")
    text = studio.browser().get("/metrics", headers=KNOWN).text
    for word in ("max", "Secret launch", "acme.test", "one-time", TOKEN, str(studio.max.id)):
        assert word not in text


def test_answers_are_counted_by_part_and_status(
    door: httpx.Client, read: Callable[[], Samples]
) -> None:
    counted = ("http_answer_seconds_count", "session", "2xx")
    before = read().get(counted, 0.0)
    for _ in range(3):
        door.get("/session/login")
    assert read()[counted] == before + 3


def test_what_the_gate_refuses_is_counted_too(
    door: httpx.Client, read: Callable[[], Samples]
) -> None:
    counted = ("http_answer_seconds_count", "pages", "4xx")
    before = read().get(counted, 0.0)
    door.post("/made/up/path", headers=SAME)
    assert read()[counted] == before + 1


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/", "pages"),
        ("/gallery", "pages"),
        ("/made-up-by-somebody", "pages"),
        ("/session/link/a-token", "session"),
        ("/_stcore/stream", "_stcore"),
        ("", "pages"),
    ],
)
def test_a_path_is_only_told_by_its_part(path: str, part: str) -> None:
    assert part_of(path) == part
    assert part in PARTS or part == "pages"


def test_no_figure_reads_a_whole_table(
    database_url: SecretStr, as_owner: Callable[..., list[Any]]
) -> None:
    query = queries("metrics")["figures"].text
    with psycopg.connect(database_url.get_secret_value()) as connection:
        connection.execute("set enable_seqscan = off")
        plan = connection.execute(f"explain {query}", {"within_s": 60}).fetchall()
    lines = [line for (line,) in plan if "Seq Scan" in line]
    assert all(" on processes" in line or " on provider_state" in line for line in lines), lines
