"""`studio generate` beside a running studio: what it prints, what it leaves, what it refuses."""

import re
from pathlib import Path

import pytest

from jobs.media.probe import probe_video
from tests.acceptance.running_studio import CHECKOUT, Studio

KEYS = ["id", "status", "model", "estimate_usd", "charge_usd", "seed", "duration_s"]
KEYS += ["width", "height", "files"]
MAX_BYTES = 100 * 1024 * 1024
FAST = "seedance-1.0-pro-fast"
CHOICES = [
    (FAST, "480p", "1:1", "5", (640, 640), None, 0.048),
    ("seedance-2.0-mini", "720p", "9:16", "4", (720, 1280), "aac", None),
    ("seedance-1.5-pro", "480p", "21:9", "4", (992, 432), "aac", None),
]


@pytest.mark.parametrize(
    ("model", "resolution", "ratio", "duration", "size", "sound", "price"), CHOICES
)
def test_it_makes_the_video_that_was_asked_for(
    studio: Studio,
    model: str,
    resolution: str,
    ratio: str,
    duration: str,
    size: tuple[int, int],
    sound: str | None,
    price: float | None,
) -> None:
    chosen = ("--model", model, "--resolution", resolution, "--duration", duration)
    told = studio.generate(*chosen, "--aspect-ratio", ratio, "--wait").json
    assert list(told) == KEYS
    assert (told["status"], told["model"]) == ("completed", model)
    assert (told["width"], told["height"]) == size
    assert told["duration_s"] == float(duration)
    assert 0 < told["charge_usd"] <= told["estimate_usd"]
    assert price is None or told["estimate_usd"] == pytest.approx(price, rel=0.1)
    facts = probe_video(Path(told["files"]["web"]), MAX_BYTES)
    assert (facts.width, facts.height) == size
    assert (facts.plays_in_browsers, facts.audio_codec) == (True, sound)


def test_every_file_it_names_is_there_and_plays(studio: Studio) -> None:
    files = studio.generate("--resolution", "720p", "--wait").json["files"]
    assert list(files) == ["web", "480p", "360p", "poster", "preview"]
    for kind in ("web", "480p", "360p", "preview"):
        assert probe_video(Path(files[kind]), MAX_BYTES).plays_in_browsers
    assert Path(files["poster"]).read_bytes().startswith(b"\xff\xd8\xff")


def test_it_tells_on_stderr_how_far_it_is(studio: Studio) -> None:
    told = studio.generate("--wait")
    steps = told.err.split()
    assert (steps[0], steps[-1]) == ("queued", "completed")
    assert len(told.out.splitlines()) == 1


def test_without_wait_it_returns_at_once_with_the_estimate(studio: Studio) -> None:
    told = studio.generate().json
    assert list(told) == KEYS
    assert (told["charge_usd"], told["files"]) == (None, {})
    assert told["estimate_usd"] > 0
    assert studio.wait_for(told["id"], {"completed"})


def test_without_json_it_prints_words(studio: Studio) -> None:
    image = str(CHECKOUT / "dashboard" / "samples" / "coffee.jpg")
    told = studio.run("generate", "--image", image, "--prompt", "Steam rises from the cup")
    assert told.code == 0
    assert "estimate_usd  0." in told.out
    assert "{" not in told.out
    generation = re.search(r"^ +id  (\S+)$", told.out, re.MULTILINE)
    assert generation
    assert studio.wait_for(generation[1], {"completed"})


def test_it_is_the_persons_with_campaign_and_seed(studio: Studio) -> None:
    studio.run("user", "add", "mia@acme.test", "--name", "Mia", "--team", "Shoes")
    told = studio.generate(
        *("--as", "mia@acme.test"), *("--campaign", "Spring launch"), *("--seed", "4711"), "--wait"
    ).json
    assert told["seed"] == 4711
    query = (
        "select p.email, t.name, c.name, g.seed from studio.generations g "
        "join studio.people p on p.id = g.person_id join studio.teams t on t.id = g.team_id "
        "join studio.campaigns c on c.id = g.campaign_id where g.id = %s"
    )
    assert studio.ask(query, told["id"]) == [("mia@acme.test", "Shoes", "Spring launch", 4711)]
    assert studio.simulator.counts()["by_marker"]["seed:4711"] == {"posted": 1, "booked": 1}


REFUSALS = [
    pytest.param(("--prompt", "shoe"), "at least 10 characters", id="a short prompt"),
    pytest.param(("--image", str(CHECKOUT / "pyproject.toml")), "not a JPEG", id="a text file"),
    pytest.param(("--model", "sora"), "no model 'sora'", id="an unknown model"),
    pytest.param(
        ("--model", "seedance-2.0-mini", "--resolution", "1080p"),
        "choose 480p or 720p",
        id="a resolution the model lacks",
    ),
    pytest.param(("--prompt", "A naked foot and a sneaker"), "naked", id="a forbidden word"),
    pytest.param(("--duration", "99"), "99 seconds", id="a duration the model lacks"),
    pytest.param(("--duration", "long"), "whole number of seconds", id="a word as duration"),
    pytest.param(("--as", "nobody@acme.test"), "nobody@acme.test", id="a stranger"),
    pytest.param(("--image", "missing.png"), "missing.png", id="a missing image"),
]


@pytest.mark.parametrize(("words", "why"), REFUSALS)
def test_what_it_refuses_costs_nothing_and_leaves_nothing(
    studio: Studio, words: tuple[str, ...], why: str
) -> None:
    studio.rest()
    before = studio.facts()
    refused = studio.generate(*words, "--campaign", "Never made")
    assert refused.code != 0
    assert refused.out == ""
    assert why in refused.err
    assert "Traceback" not in refused.err
    assert studio.facts() == before


def test_a_generation_that_fal_refuses_tells_the_cause_and_what_to_do(studio: Studio) -> None:
    failed = studio.generate("--wait", prompt="The sneaker turns [fault:refuse_prompt]")
    assert failed.code == 1
    told = failed.json
    assert list(told) == [*KEYS, "cause", "problem", "todo"]
    assert (told["status"], told["cause"]) == ("failed", "refused_prompt")
    assert told["problem"]
    assert (told["charge_usd"], told["files"]) == (None, {})


def test_the_books_are_right_after_all_this(studio: Studio) -> None:
    examined = studio.run("doctor", "--json")
    assert examined.code == 0
    told = examined.json
    assert list(told) == ["ok", "checks"]
    assert told["ok"] is True
    assert all(list(c) == ["name", "ok", "warning", "problems"] for c in told["checks"])
    assert [c["problems"] for c in told["checks"] if not c["warning"]] == [[]] * sum(
        not c["warning"] for c in told["checks"]
    )
