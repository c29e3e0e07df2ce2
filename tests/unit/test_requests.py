from __future__ import annotations

import io
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jobs.content_rules import load_content_rules
from jobs.errors import InvalidRequest
from jobs.fal.catalog import Model, load_catalog
from jobs.images import CheckedImage, check_image
from jobs.requests import (
    GenerationRequest,
    RequestDraft,
    check_request,
    fal_arguments,
    fingerprint,
    read_draft,
    tags_of,
    title_of,
)

CATALOG = load_catalog()
RULES = load_content_rules()
PROMPT = "A perfume bottle turns slowly in soft morning light"
CAMPAIGN = "6f1b4a0c-2f0e-4f5e-9a52-1f1f52f7f0aa"


def checked_picture(colour: str) -> CheckedImage:
    target = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(target, "PNG")
    return check_image(target.getvalue(), 1_000_000, f"{colour}.png")


START, END = checked_picture("red"), checked_picture("blue")


def request_for(**values: object) -> GenerationRequest:
    draft = read_draft({"prompt": PROMPT, "image": START, **values})
    return check_request(draft, CATALOG, RULES)


def problems_of(**values: object) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        request_for(**values)
    return {problem.field: problem.message for problem in caught.value.problems}


def arguments_for(**values: object) -> dict[str, object]:
    request = request_for(**values)
    model = CATALOG.by_key(request.model)
    return fal_arguments(request, model, "https://f/start", "https://f/end", 7, end_user_id="p-1")


def test_a_prompt_and_a_picture_are_enough() -> None:
    request = request_for()
    assert request.model == "seedance-1.0-pro-fast"
    assert request.parameters == {
        "resolution": "720p",
        "duration_s": 5,
        "aspect_ratio": "16:9",
        "motion_intensity": 0.5,
        "camera_fixed": False,
        "generate_audio": False,
        "enable_safety_checker": True,
    }
    assert (request.seed, request.title, request.sent_prompt) == (None, title_of(PROMPT), PROMPT)


def test_every_choice_is_kept() -> None:
    request = request_for(
        model="seedance-1.5-pro",
        end_image=END,
        duration_s="10",
        resolution="480p",
        aspect_ratio="9:16",
        seed=42,
        motion_intensity=1,
        camera_fixed=True,
        generate_audio=False,
        enable_safety_checker=False,
        campaign_id=CAMPAIGN,
        title="  Spring \n launch ",
    )
    assert (request.duration_s, request.resolution, request.aspect_ratio) == (10, "480p", "9:16")
    assert (request.seed, request.campaign_id, request.title) == (
        42,
        UUID(CAMPAIGN),
        "Spring launch",
    )
    assert request.end_image == END
    assert not request.generate_audio
    assert not request.enable_safety_checker


@pytest.mark.parametrize("model", CATALOG.models, ids=lambda model: model.key)
def test_every_model_takes_a_request_of_its_defaults(model: Model) -> None:
    request = request_for(model=model.key)
    assert request.generate_audio == model.takes_audio
    assert request.duration_s == 5
    assert json.loads(json.dumps(request.parameters)) == request.parameters


def test_no_motion_fixes_the_camera_where_the_model_can() -> None:
    assert request_for(motion_intensity=0).camera_fixed
    assert not request_for(motion_intensity=0, camera_fixed=False).camera_fixed
    assert not request_for(motion_intensity=0, model="seedance-2.0").camera_fixed


def test_both_prompts_are_kept() -> None:
    request = request_for(motion_intensity=1)
    assert request.prompt == PROMPT
    assert request.sent_prompt == f"{PROMPT}. Dynamic, fast, powerful movement."


def test_minus_one_means_any_seed() -> None:
    assert request_for(seed=-1).seed is None
    assert request_for(seed=-1, model="seedance-2.0").seed is None


def test_everything_wrong_is_reported_at_once_in_plain_words() -> None:
    problems = problems_of(
        prompt="nudity",
        image=None,
        end_image=END,
        model="seedance-1.0-lite",
        duration_s=15,
        resolution="4k",
        aspect_ratio="2:1",
        seed=2**32,
        motion_intensity=1.5,
        generate_audio=True,
        title="x" * 121,
    )
    assert problems == {
        "prompt": "“nudity” can't be used. We make no sexual content.",
        "image": "Choose a start image.",
        "end_image": "Seedance 1.0 Lite takes no end image; remove it or choose Seedance 1.0 Pro.",
        "duration_s": "Seedance 1.0 Lite can't make 15 seconds; choose 2 to 12 seconds.",
        "resolution": "Seedance 1.0 Lite can't make 4k; choose 480p, 720p or 1080p.",
        "aspect_ratio": "Seedance 1.0 Lite can't make 2:1; "
        "choose 16:9, 9:16, 1:1, 4:3, 3:4, 21:9 or auto.",
        "seed": "The seed has to be from 0 to 4294967295.",
        "motion_intensity": "The motion intensity has to be a number from 0 to 1.",
        "generate_audio": "Seedance 1.0 Lite makes no sound; turn sound off.",
        "title": "The title can have at most 120 characters.",
    }


def test_what_the_2_x_models_dont_have_is_named() -> None:
    assert problems_of(
        model="seedance-2.0-fast",
        resolution="1080p",
        seed=1,
        camera_fixed=True,
        enable_safety_checker=False,
    ) == {
        "resolution": "Seedance 2.0 Fast can't make 1080p; choose 480p or 720p.",
        "seed": "Seedance 2.0 Fast takes no seed; leave it empty.",
        "camera_fixed": "Seedance 2.0 Fast has no switch for a fixed camera; "
        "turn it off and set the motion to Subtle.",
        "enable_safety_checker": "Seedance 2.0 Fast always checks for safety; leave it on.",
    }


def test_a_model_that_follows_the_image_says_so() -> None:
    assert problems_of(model="seedance-2.5", aspect_ratio="1:1")["aspect_ratio"] == (
        "Seedance 2.5 can't make 1:1; it always takes the shape of the start image; choose auto."
    )


@pytest.mark.parametrize("motion", ["nan", "inf", "-0.1"])
def test_a_motion_that_is_no_share_is_refused(motion: str) -> None:
    assert "motion_intensity" in problems_of(motion_intensity=motion)


def test_an_unknown_model_is_named_with_those_there_are() -> None:
    message = problems_of(model="sora")["model"]
    assert "'sora'" in message
    assert "seedance-2.5" in message


@pytest.mark.parametrize("length", [10, 500])
def test_a_prompt_within_the_limits_is_taken(length: int) -> None:
    assert len(request_for(prompt="x" * length).prompt) == length


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "Describe the video in at least 10 characters; you have 0."),
        ("   x" + " " * 20, "Describe the video in at least 10 characters; you have 1."),
        ("x" * 501, "The prompt has 501 characters; Seedance 1.0 Pro Fast takes at most 500."),
        ("x\x00" * 9, "Describe the video in at least 10 characters; you have 9."),
    ],
)
def test_a_prompt_out_of_the_limits_is_refused(prompt: str, message: str) -> None:
    assert problems_of(prompt=prompt)["prompt"] == message


def test_characters_that_nothing_can_store_are_left_out() -> None:
    request = request_for(prompt="A bottle\x00 turns\ud800 in\nthe light \x1b")
    assert request.prompt == "A bottle turns in\nthe light"


def test_fields_of_the_wrong_type_are_all_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_draft({"duration_s": "long", "campaign_id": "x", "prompt": None, "colour": "red"})
    assert {p.field: p.message for p in caught.value.problems} == {
        "prompt": "The prompt has to be text.",
        "duration_s": "The duration has to be a whole number of seconds.",
        "campaign_id": "The campaign has to be the id of a campaign.",
        "colour": "There is no setting 'colour'.",
    }


def test_a_picture_that_was_not_checked_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="The start image has to be a picture"):
        read_draft({"prompt": PROMPT, "image": {**vars(START)}})


def test_1_0_pro_gets_exactly_its_fields() -> None:
    assert arguments_for(model="seedance-1.0-pro", end_image=END, duration_s=10) == {
        "prompt": PROMPT,
        "image_url": "https://f/start",
        "end_image_url": "https://f/end",
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "duration": "10",
        "seed": 7,
        "camera_fixed": False,
        "enable_safety_checker": True,
    }


def test_2_5_gets_exactly_its_fields() -> None:
    assert arguments_for(model="seedance-2.5", end_image=END) == {
        "prompt": PROMPT,
        "image_url": "https://f/start",
        "end_image_url": "https://f/end",
        "resolution": "720p",
        "duration": "5",
        "generate_audio": True,
        "end_user_id": "p-1",
    }


OWN_FIELDS = {
    "seedance-1.0-lite": {"seed", "camera_fixed", "enable_safety_checker", "aspect_ratio"},
    "seedance-1.0-pro-fast": {"seed", "camera_fixed", "enable_safety_checker", "aspect_ratio"},
    "seedance-1.0-pro": {
        "seed", "camera_fixed", "enable_safety_checker", "aspect_ratio", "end_image_url",
    },
    "seedance-1.5-pro": {
        "seed", "camera_fixed", "enable_safety_checker", "aspect_ratio", "end_image_url",
        "generate_audio",
    },
    "seedance-2.0-mini": {"aspect_ratio", "end_image_url", "generate_audio", "end_user_id"},
    "seedance-2.0-fast": {"aspect_ratio", "end_image_url", "generate_audio", "end_user_id"},
    "seedance-2.0": {"aspect_ratio", "end_image_url", "generate_audio", "end_user_id"},
    "seedance-2.5": {"end_image_url", "generate_audio", "end_user_id"},
}  # fmt: skip


@pytest.mark.parametrize("key", OWN_FIELDS)
def test_a_model_gets_only_the_fields_it_has(key: str) -> None:
    common = {"prompt", "image_url", "resolution", "duration"}
    assert set(arguments_for(model=key)) == common | OWN_FIELDS[key]


def test_what_is_not_given_is_not_sent() -> None:
    arguments = fal_arguments(request_for(), CATALOG.default, "https://f/start")
    assert {"seed", "end_image_url", "end_user_id"}.isdisjoint(arguments)


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("A bottle", "A bottle"),
        ("  A \n bottle ", "A bottle"),
        (PROMPT, "A perfume bottle turns slowly in soft morning"),
        (
            "Slow orbit around the mountain bike, up to it, and along it",
            "Slow orbit around the mountain bike",
        ),
        ("of " * 40, "of"),
        (
            "A living room with a couch and a large smart TV on the wall",
            "A living room with a couch and a large smart TV",
        ),
        ("x" * 80, "x" * 50),
        ("x" * 49 + " " + "y" * 10, "x" * 49),
        ("x" * 50 + " " + "y" * 10, "x" * 50),
        ("A bottle, turning, shining, glowing, sparkling, - in the light", None),
    ],
)
def test_a_title_is_the_beginning_of_the_prompt(prompt: str, title: str | None) -> None:
    expected = "A bottle, turning, shining, glowing, sparkling" if title is None else title
    assert title_of(prompt) == expected


def test_tags_are_the_words_that_say_something() -> None:
    assert tags_of("The Bottle turns, and the bottle's cap opens in a café with 3 cats") == [
        "bottle", "turns", "cap", "opens", "café", "cats",
    ]  # fmt: skip


def test_there_are_at_most_eight_tags() -> None:
    assert tags_of("one red green blue yellow orange violet brown white black pink") == [
        "red", "green", "blue", "yellow", "orange", "violet", "brown", "white",
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_titles_and_tags_keep_their_limits_for_any_prompt(prompt: str) -> None:
    assert len(title_of(prompt)) <= 50
    tags = tags_of(prompt)
    assert len(tags) == len(set(tags)) <= 8
    assert all(3 <= len(tag) <= 30 for tag in tags)


@given(st.text(max_size=600), st.floats(0, 1), st.sampled_from([m.key for m in CATALOG.models]))
def test_any_prompt_is_taken_or_refused_with_reasons(
    prompt: str, motion: float, model: str
) -> None:
    draft = RequestDraft(prompt=prompt, image=START, motion_intensity=motion, model=model)
    try:
        request = check_request(draft, CATALOG, RULES)
    except InvalidRequest as refused:
        reasons = [problem.message for problem in refused.problems]
    else:
        assert 10 <= len(request.prompt) <= 500
        assert len(request.sent_prompt.encode().decode()) <= 2500
        return
    assert reasons
    assert all(reasons)


def same_as_plain(**values: object) -> bool:
    plain, other = request_for(), request_for(**values)
    return fingerprint(plain, START.sha256) == fingerprint(other, START.sha256)


def test_requests_for_the_same_video_share_a_fingerprint() -> None:
    assert same_as_plain(prompt=PROMPT.replace(" ", "  "), title="Other", campaign_id=CAMPAIGN)
    assert same_as_plain(duration_s=5, resolution="720p", seed=-1, motion_intensity=0.6)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": PROMPT.upper()},
        {"duration_s": 10},
        {"resolution": "480p"},
        {"aspect_ratio": "1:1"},
        {"seed": 1},
        {"motion_intensity": 1},
        {"camera_fixed": True},
        {"model": "seedance-1.0-pro"},
    ],
)
def test_a_difference_that_fal_sees_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert not same_as_plain(**change)


def test_another_picture_changes_the_fingerprint() -> None:
    request = request_for()
    prints = {
        fingerprint(request, START.sha256),
        fingerprint(request, END.sha256),
        fingerprint(request, START.sha256, END.sha256),
    }
    assert len(prints) == 3
