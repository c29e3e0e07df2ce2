"""Lines as a process writes them: one JSON object each, named, and without secrets."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from storage.redaction import HIDDEN, redact, redact_event

FAL_KEY = "5f0f7f4e-1f1c-4d0e-9b53-3c1f6e0c1a2b:0123456789abcdef0123456789abcdef"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"
PROGRAM = """
import logging, threading
from storage.logs import configure_logs, name_process
import structlog
configure_logs("worker all")
name_process("worker submit")
log = structlog.get_logger("ours")
with structlog.contextvars.bound_contextvars(generation="g-1"):
    {body}
"""


def lines_of(body: str) -> list[dict[str, Any]]:
    """What a process logs that runs `body`."""
    run = [sys.executable, "-c", PROGRAM.format(body=body)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_an_object_with_its_process_and_what_is_bound() -> None:
    (line,) = lines_of('log.info("accepted", request_id="r-1")')
    assert (line["event"], line["level"], line["request_id"]) == ("accepted", "info", "r-1")
    assert (line["process"], line["generation"]) == ("worker submit", "g-1")
    assert line["timestamp"].endswith("Z")


def test_lines_of_other_libraries_and_threads_carry_the_process_too() -> None:
    body = """logging.getLogger("uvicorn.error").warning("theirs %s", 1)
    thread = threading.Thread(target=log.info, args=("in a thread",))
    thread.start(); thread.join()"""
    lines = lines_of(body)
    assert [line["event"] for line in lines] == ["theirs 1", "in a thread"]
    assert {line["process"] for line in lines} == {"worker submit"}


def test_an_exception_is_told_without_the_secrets_in_its_words() -> None:
    body = f"""try:
        raise ValueError("GET https://s.test/f.mp4?token={JWT} Authorization: Key {FAL_KEY}")
    except ValueError:
        log.exception("step failed")
        logging.getLogger("other").exception("failed for postgresql://studio:hushhush@db/x")"""
    lines = lines_of(body)
    text = json.dumps(lines)
    assert ["ValueError" in line["exception"] for line in lines] == [True, True]
    assert not [secret for secret in (JWT, FAL_KEY, "hushhush") if secret in text]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (
            "GET https://s.test/o/v.mp4?token=abc.def&x=1",
            f"https://s.test/o/v.mp4?token={HIDDEN}&x=1",
        ),
        ("https://s.test/f?a=1&sig=q%2Bz", f"a=1&sig={HIDDEN}"),
        ("https://r2.test/f?X-Amz-Signature=0a1b&X-Amz-Date=2", f"Signature={HIDDEN}&X-Amz-Date=2"),
        ("https://r2.test/f?X-Amz-Credential=AK%2F1", f"Credential={HIDDEN}"),
        ("https://b.test/f?sv=1&signature=abc", f"sv=1&signature={HIDDEN}"),
        ("https://a.test/cb?code=abc&state=x", f"?code={HIDDEN}&state=x"),
        ("postgresql://studio:hunter2@db:5432/studio", f"//studio:{HIDDEN}@db:5432/studio"),
        ("redis://:hunter2@cache:6379/0", f"redis://:{HIDDEN}@cache:6379/0"),
        ("host=db password=hunter2 dbname=x", f"password={HIDDEN} dbname=x"),
        ("host=db password='hun ter2' dbname=x", f"password={HIDDEN} dbname=x"),
        (f"Authorization: Key {FAL_KEY}", f"Authorization: Key {HIDDEN}"),
        ("authorization: bearer abcdefgh12345", f"bearer {HIDDEN}"),
        ("Basic dXNlcjpwYXNzd29yZA==", f"Basic {HIDDEN}"),
        (f"fal answered for {FAL_KEY}.", f"fal answered for {HIDDEN}."),
        (f"apikey {JWT} refused", f"apikey {HIDDEN} refused"),
        ("sb_secret_abc123 refused", f"{HIDDEN} refused"),
        ("/session/link/abc-DEF_123 opened", f"/session/link/{HIDDEN} opened"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, safe: str) -> None:
    assert safe in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "duplicate key value violates unique constraint attempts_one_open",
        "https://queue.fal.run/fal-ai/bytedance/requests/764cabcf-b745-4b3e-ae38-1200304cf45b/status?logs=1",
        "generation 764cabcf-b745-4b3e-ae38-1200304cf45b: waiting cannot become queued",
        "2026-10-05T12:00:00Z 127.0.0.1:8501 took 0.25 s",
        "A bearer of news. Key: none. The password was changed.",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_values_of_secret_names_are_hidden_at_any_depth() -> None:
    event = {
        "event": "asked",
        "metrics_token": "short",
        "answer": {"headers": {"Authorization": "x", "Server": "fal"}, "urls": [f"/f?sig={JWT}"]},
        "tries": 3,
        "password": None,
    }
    assert redact_event(None, "info", event) == {
        "event": "asked",
        "metrics_token": HIDDEN,
        "answer": {
            "headers": {"Authorization": HIDDEN, "Server": "fal"},
            "urls": [f"/f?sig={HIDDEN}"],
        },
        "tries": 3,
        "password": None,
    }


ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


@given(st.text(ALPHABET, min_size=12, max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_no_words_around_it_uncover_a_secret(secret: str, before: str, after: str) -> None:
    assume(secret not in before + after)
    for form in (f"?token={secret}", f"Bearer {secret}", f"db://u:{secret}@h", f"Key {secret}"):
        assert secret not in redact(f"{before} {form} {after}")


@given(st.text())
def test_a_line_is_redacted_only_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)
