from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from jobs.content_rules import load_content_rules
from jobs.fal.catalog import load_catalog
from jobs.images import check_image
from jobs.requests import RequestDraft, check_request

FOLDER = resources.files("dashboard") / "samples"
SAMPLES = tomllib.loads((FOLDER / "samples.toml").read_text(encoding="utf-8"))["samples"]
LARGEST_BYTES = 150_000


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["file"])
def test_a_sample_can_be_generated_as_it_comes(sample: dict[str, str]) -> None:
    data = (FOLDER / sample["file"]).read_bytes()
    image = check_image(data, LARGEST_BYTES, sample["title"])
    across, down = map(int, sample["aspect_ratio"].split(":"))
    assert image.width / image.height == across / down
    assert sample["file"].endswith(image.suffix)
    draft = RequestDraft(prompt=sample["prompt"], image=image, aspect_ratio=sample["aspect_ratio"])
    assert check_request(draft, load_catalog(), load_content_rules()).prompt == sample["prompt"]


def test_there_is_a_sample_for_each_common_ratio() -> None:
    assert {sample["aspect_ratio"] for sample in SAMPLES} == {"16:9", "9:16", "1:1"}
