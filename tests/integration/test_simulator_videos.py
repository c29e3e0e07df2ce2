"""The rendered files: real MP4s of the asked size, length and motion."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
import pytest
from av.container import InputContainer

from tests.integration.simulator_calls import PRO, PRO_15, Calls, calling, image_bytes, image_uri


@pytest.fixture(scope="module")
def fal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    with calling(tmp_path_factory.mktemp("fal"), render="video") as calls:
        yield calls


def fetched(fal: Calls, **given: Any) -> bytes:
    return fal.http.get(fal.video_url(**given)).content


def opened(content: bytes) -> InputContainer:
    return av.open(io.BytesIO(content), mode="r")


def frames(content: bytes) -> list[Any]:
    with opened(content) as file:
        return [frame.to_ndarray(format="gray").astype(int) for frame in file.decode(video=0)]


def change(first: Any, second: Any) -> float:
    return float(np.abs(first - second).mean())


@pytest.mark.parametrize(
    ("given", "size", "count", "streams"),
    [
        ({"aspect_ratio": "9:16"}, (480, 864), 120, ["h264"]),
        ({"aspect_ratio": "21:9", "duration": "2"}, (960, 416), 48, ["h264"]),
        ({"endpoint": PRO_15, "aspect_ratio": "16:9"}, (864, 496), 120, ["h264", "aac"]),
        (
            {"endpoint": PRO_15, "aspect_ratio": "1:1", "generate_audio": False, "duration": "4"},
            (640, 640),
            96,
            ["h264"],
        ),
    ],
)
def test_a_video_has_the_asked_size_length_and_sound(
    fal: Calls, given: dict[str, Any], size: tuple[int, int], count: int, streams: list[str]
) -> None:
    with opened(fetched(fal, **given)) as file:
        video = file.streams.video[0]
        assert (video.width, video.height, video.frames) == (*size, count)
        assert video.average_rate == 24
        assert video.pix_fmt == "yuv420p"
        assert [stream.codec_context.name for stream in file.streams] == streams
        assert file.duration == count * 1_000_000 // 24


@pytest.mark.parametrize(
    ("image", "size"),
    [((1000, 700), (736, 544)), ((400, 700), (480, 864)), ((900, 400), (960, 416))],
)
def test_an_auto_ratio_is_the_nearest_to_the_image(
    fal: Calls, image: tuple[int, int], size: tuple[int, int]
) -> None:
    content = fetched(fal, image_url=image_uri(image), aspect_ratio="auto", duration="2")
    with opened(content) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == size


def test_the_picture_moves_unless_the_camera_is_fixed(fal: Calls) -> None:
    moving = frames(fetched(fal, duration="2"))
    still = frames(fetched(fal, duration="2", camera_fixed=True))
    assert change(moving[0], moving[-1]) > 5 * change(still[0], still[-1])


def test_prompt_and_seed_decide_about_the_motion(fal: Calls) -> None:
    ends = [
        frames(fetched(fal, duration="2", prompt=prompt, seed=seed))[-1]
        for prompt, seed in [("left", 1), ("left", 1), ("left", 2), ("right", 2)]
    ]
    assert change(ends[0], ends[1]) == 0
    assert len({end.tobytes() for end in ends}) == 3


def test_the_video_starts_and_ends_with_the_given_images(fal: Calls) -> None:
    given = {"image_url": image_uri(color="black"), "end_image_url": image_uri(color="white")}
    pictures = frames(fetched(fal, duration="2", **given))
    assert pictures[0][-40:, -40:].mean() < 30
    assert pictures[-1][-40:, -40:].mean() > 200


def test_an_image_that_breaks_while_it_is_decoded_fails_the_request(fal: Calls) -> None:
    given = {"file_name": "cut.jpg", "content_type": "image/jpeg"}
    places = fal.http.post("/storage/upload/initiate", json=given).json()
    fal.http.put(places["upload_url"], content=image_bytes((900, 900))[:4000])
    answer = fal.result(endpoint=PRO, image_url=places["file_url"])
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "image_load_error"


def test_a_wrong_size_has_a_quarter_of_the_pixels(fal: Calls) -> None:
    content = fetched(fal, prompt="[fault:wrong_size]", aspect_ratio="16:9", duration="2")
    with opened(content) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (432, 240)


def test_the_same_order_is_rendered_once(fal: Calls) -> None:
    renders = fal.simulator.folder / "renders"
    fetched(fal, prompt="once", seed=1, duration="2")
    before = len(list(renders.iterdir()))
    fetched(fal, prompt="once", seed=1, duration="2")
    assert len(list(renders.iterdir())) == before
