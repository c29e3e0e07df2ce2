"""Plain HTTP calls to the simulator, made from fal's documents and not with our client."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from jobs.fal.simulator.process import Simulator, running_simulator

PRO = "fal-ai/bytedance/seedance/v1/pro/image-to-video"
PRO_FAST = "fal-ai/bytedance/seedance/v1/pro/fast/image-to-video"
PRO_15 = "fal-ai/bytedance/seedance/v1.5/pro/image-to-video"
APP = "fal-ai/bytedance"
KEY = {"Authorization": "Key test:key"}


def image_bytes(size: tuple[int, int] = (640, 360), color: str = "teal") -> bytes:
    """A JPEG of one color with a bright corner, so that motion can be seen."""
    image = Image.new("RGB", size, color)
    image.paste((255, 240, 200), (0, 0, size[0] // 3, size[1] // 3))
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


def image_uri(size: tuple[int, int] = (640, 360), color: str = "teal") -> str:
    """The same as a data URI."""
    return "data:image/jpeg;base64," + base64.b64encode(image_bytes(size, color)).decode()


IMAGE = image_uri()


@dataclass
class Calls:
    """Somebody with a key who calls one simulator."""

    simulator: Simulator
    http: httpx.Client

    def submit(
        self,
        endpoint: str = PRO,
        query: str = "",
        headers: dict[str, str] | None = None,
        **given: Any,
    ) -> httpx.Response:
        body = {"prompt": "A cat walks", "image_url": IMAGE, "resolution": "480p"} | given
        return self.http.post(f"/{endpoint}{query}", json=body, headers=headers)

    def accepted(self, endpoint: str = PRO, **given: Any) -> dict[str, Any]:
        answer = self.submit(endpoint, **given)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def until(self, accepted: dict[str, Any], status: str) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            body: dict[str, Any] = self.http.get(accepted["status_url"]).json()
            if body["status"] == status:
                return body
            time.sleep(0.01)
        raise AssertionError(f"never {status}")

    def result(self, **given: Any) -> httpx.Response:
        """Submit, wait for the end and fetch the result."""
        accepted = self.accepted(**given)
        self.until(accepted, "COMPLETED")
        return self.http.get(accepted["response_url"])

    def video_url(self, **given: Any) -> str:
        url: str = self.result(**given).json()["video"]["url"]
        return url


@contextmanager
def calling(
    folder: Path, *, seconds: float = 0.1, concurrency: int = 30, render: str = "copy"
) -> Iterator[Calls]:
    """A running simulator with somebody who calls it."""
    running = running_simulator(folder, seconds=seconds, concurrency=concurrency, render=render)
    with (
        running as simulator,
        httpx.Client(base_url=simulator.url, headers=KEY, timeout=20, trust_env=False) as http,
    ):
        yield Calls(simulator, http)
