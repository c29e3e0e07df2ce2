"""`fal_client` as its documents show it: upload, `subscribe`, download."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import fal_client
import httpx

from jobs.bench.request import PROMPT, RESOLUTION, sample_image
from jobs.bootstrap import SIMULATOR_KEY
from jobs.fal.addresses import addresses
from jobs.fal.catalog import load_catalog


class PlainClient:
    """Asks the simulated fal at `url` for videos of `video_s` seconds. Safe with many threads.

    Each step returns the request's id. The last video lies in `folder`.
    """

    def __init__(self, url: str, video_s: int, folder: Path) -> None:
        addresses(url).point_stock_client()
        self._fal = fal_client.SyncClient(key=SIMULATOR_KEY)
        self._endpoint = load_catalog().default.endpoint
        self._image = sample_image().data
        self._video_s = video_s
        self._image_url = self._upload()
        self.last_video = folder / "video.mp4"

    def submit(self) -> str:
        """Submit only, of an image that is there already: the least a submit can be."""
        return str(self._fal.submit(self._endpoint, self._arguments(self._image_url)).request_id)

    def subscribe(self) -> str:
        """Everything from the image to the video's file."""
        request_ids: list[str] = []
        arguments = self._arguments(self._upload())
        result = self._fal.subscribe(self._endpoint, arguments, on_enqueue=request_ids.append)
        content = httpx.get(result["video"]["url"]).content
        with tempfile.NamedTemporaryFile(dir=self.last_video.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(self.last_video)
        return request_ids[0]

    def _upload(self) -> str:
        return str(self._fal.upload(self._image, "image/jpeg", "bench.jpg"))

    def _arguments(self, image_url: str) -> dict[str, Any]:
        words = {"prompt": PROMPT, "image_url": image_url}
        return {**words, "resolution": RESOLUTION, "duration": str(self._video_s)}
