"""Real videos from the given images, cheaply enough to make many.

The picture is scaled once and a window is moved over it, so a frame costs a copy and its encoding:
5 seconds of 480p take about 0.3 s of processor time.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image, ImageOps

from jobs.errors import MediaToolFailed
from jobs.fal.simulator.failures import unreadable_image
from jobs.fal.simulator.images import DECODE_ERRORS, ImageProblem, read_image
from jobs.fal.simulator.state import VideoOrder

_MARGIN = 1.16
"""The picture is this much larger than the window that moves over it."""
_STILL_MARGIN = 1.004
_TIMEOUT_S = 120
# Where the window travels, as (x, y) from and to, each 0 for one edge and 1 for the other.
_PATHS = (
    ((0.0, 0.5), (1.0, 0.5)),
    ((1.0, 0.5), (0.0, 0.5)),
    ((0.5, 0.0), (0.5, 1.0)),
    ((0.5, 1.0), (0.5, 0.0)),
    ((0.0, 0.0), (1.0, 1.0)),
    ((1.0, 0.0), (0.0, 1.0)),
)
_SPEEDS = (0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Renderer:
    """Renders videos into `folder`/renders; the same order is rendered once.

    With `copies`, every order of one size and length gets the same prepared video, so that a
    benchmark of a client does not measure this.
    """

    folder: Path
    copies: bool = False

    def video(self, order: VideoOrder) -> Path:
        """The finished MP4 (H.264, yuv420p; AAC when the order has audio). Blocks; thread-safe.

        Raises:
            ImageProblem: an image can't be decoded.
            MediaToolFailed: ffmpeg failed.
        """
        images = [] if self.copies else self._images(order)
        target = self.folder / "renders" / f"{self._key(order, images)}.mp4"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as work:
                _render(order, images, Path(work)).replace(target)
        return target

    def _images(self, order: VideoOrder) -> list[bytes]:
        addresses = [order.start_image, *([order.end_image] if order.end_image else [])]
        return [read_image(self.folder, address) for address in addresses]

    def _key(self, order: VideoOrder, images: list[bytes]) -> str:
        size = f"{order.width}x{order.height}-{order.seconds}s-{order.fps}-{order.audio:d}"
        if self.copies:
            return f"copy-{size}"
        looks = hashlib.sha256(f"{size} {_window(order)} {order.camera_fixed}".encode())
        for image in images:
            looks.update(hashlib.sha256(image).digest())
        return looks.hexdigest()


def _render(order: VideoOrder, images: list[bytes], work: Path) -> Path:
    fields = ("image_url", "end_image_url")
    pictures = [_picture(*image, order) for image in zip(fields, images, strict=False)]
    pictures = pictures or [_gradient(order)]
    inputs: list[str] = []
    for number, picture in enumerate(pictures):
        picture.save(work / f"{number}.bmp")
        inputs += ["-i", str(work / f"{number}.bmp")]
    if order.audio:
        inputs += ["-f", "lavfi", "-i", f"sine=frequency={_tone(order)}:sample_rate=44100"]
    target = work / "video.mp4"
    _ffmpeg([*inputs, *_output(order, len(pictures)), str(target)])
    return target


def _output(order: VideoOrder, pictures: int) -> list[str]:
    sound = ["-map", f"{pictures}:a", "-c:a", "aac", "-b:a", "64k", "-af", "volume=0.1"]
    return [
        *("-filter_complex", _filters(order, pictures), "-map", "[video]"),
        *(sound if order.audio else []),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p"),
        *("-threads", "1", "-t", str(order.seconds)),
    ]


def _filters(order: VideoOrder, pictures: int) -> str:
    """One picture under a moving window, or two of them that fade into each other."""
    moving = [f"[{number}:v]{_motion(order)}" for number in range(pictures)]
    if pictures == 1:
        return f"{moving[0]}[video]"
    fade_s = order.seconds / 2
    fade = f"[a][b]xfade=transition=fade:duration={fade_s}:offset={order.seconds - fade_s}[video]"
    return f"{moving[0]}[a];{moving[1]}[b];{fade}"


def _motion(order: VideoOrder) -> str:
    frames = order.fps * order.seconds
    (x0, y0), (x1, y1) = _window(order)
    return (
        f"format=yuv420p,loop=loop={frames - 1}:size=1,setpts=N/({order.fps}*TB),fps={order.fps},"
        f"crop={order.width}:{order.height}"
        f":x='(iw-ow)*({x0}+({x1 - x0})*n/{frames})':y='(ih-oh)*({y0}+({y1 - y0})*n/{frames})'"
    )


def _window(order: VideoOrder) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the window starts and ends; direction and speed come from the prompt and the seed."""
    chance = hashlib.sha256(f"{order.prompt}\n{order.seed}".encode()).digest()
    (x0, y0), (x1, y1) = _PATHS[chance[0] % len(_PATHS)]
    speed = _SPEEDS[chance[1] % len(_SPEEDS)]
    return (x0, y0), (x0 + (x1 - x0) * speed, y0 + (y1 - y0) * speed)


def _tone(order: VideoOrder) -> int:
    return 180 + order.seed % 120


def _picture(field: str, content: bytes, order: VideoOrder) -> Image.Image:
    """The image cropped around its centre to the video's shape, a little larger than the video."""
    margin = _STILL_MARGIN if order.camera_fixed else _MARGIN
    size = (_even(order.width * margin), _even(order.height * margin))
    try:
        with Image.open(io.BytesIO(content)) as image:
            # A JPEG decodes at a fraction of its size, which is most of the time saved.
            image.draft("RGB", size)
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except DECODE_ERRORS as exc:
        raise ImageProblem(unreadable_image(field, "")) from exc
    return ImageOps.fit(upright, size, Image.Resampling.BILINEAR)


def _gradient(order: VideoOrder) -> Image.Image:
    size = (_even(order.width * _MARGIN), _even(order.height * _MARGIN))
    gray = Image.linear_gradient("L").resize(size)
    return Image.merge("RGB", (gray, gray.transpose(Image.Transpose.FLIP_LEFT_RIGHT), gray))


def _even(pixels: float) -> int:
    return 2 * round(pixels / 2 + 0.5)


def _ffmpeg(arguments: list[str]) -> None:
    command = [get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as exc:
        raise MediaToolFailed("Rendering took too long.") from exc
    if done.returncode:
        detail = done.stderr.decode(errors="replace")[-500:]
        raise MediaToolFailed("The video could not be rendered.", detail=detail)
