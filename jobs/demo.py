"""A made-up history to show and to try the figures with, in a lake of its own.

It never comes near the record or the lake of the record: it is written into another folder, and its
manifest says that it is a demo.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobs.fal.catalog import AUTO, Catalog, Model, ModelStatus, load_catalog
from jobs.pricing import estimate_usd
from storage.warehouse.inventing import History, invented
from storage.warehouse.lake import Lake, Marks
from storage.warehouse.manifest import Manifest

if TYPE_CHECKING:
    import pyarrow

_RESOLUTIONS = {"480p": (12.0, 0.3), "720p": (2.0, 5.0), "1080p": (0.1, 4.0)}
"""How often drafts and finals are made in each."""
_RATIOS = {"16:9": 8.0, "9:16": 6.0, "1:1": 3.0, "4:3": 0.5, "3:4": 1.0, "21:9": 0.3, AUTO: 1.0}
_LONG_S = 15
_NEWEST_COME_AT = 0.6
"""When the newest model of the catalogue appears, as a share of the history."""


def write_demo(
    folder: Path,
    *,
    generations: int,
    months: int,
    seed: int = 1,
    now: datetime | None = None,
    time_zone: str = "Europe/Berlin",
    catalog: Catalog | None = None,
) -> Manifest:
    """Write a demo lake into `folder`, in place of one that is there.

    The same seed and the same `now` (aware) give the same rows. `time_zone` is where days are cut.

    Raises:
        WarehouseBusy: somebody else has published there meanwhile.
        WarehouseError: it could not be written.
    """
    until = (now or datetime.now(UTC)).astimezone(UTC)
    history = History(generations, months, seed, until, time_zone)
    lake = Lake(folder)
    marks = Marks(watermark="0", system_id=f"demo {seed}", time_zone=time_zone, demo=True)
    with invented(folder, history, choices_of(catalog or load_catalog())) as connection:
        manifest = lake.publish(connection, marks, whole=True, now=until)
    lake.collect_garbage()
    return manifest


def remove_demo(folder: Path) -> bool:
    """Remove the demo lake; False when there was none."""
    lake = Lake(folder)
    if lake.manifest() is None:
        return False
    lake.remove()
    return True


def choices_of(catalog: Catalog) -> pyarrow.Table:
    """Every combination of settings that the catalogue offers, with its price and its weights."""
    import pyarrow as pa

    found = [
        choice
        for position, model in enumerate(catalog.models)
        for choice in _choices(model, position, len(catalog.models))
    ]
    return pa.Table.from_pylist([{"number": n, **choice} for n, choice in enumerate(found)])


def _choices(model: Model, position: int, models: int) -> Iterator[dict[str, Any]]:
    sounds = (False, True) if model.takes_audio else (False,)
    of_model = {**_times(model, position, models), "drifting": position == models - 3}
    for resolution in model.resolutions:
        for ratio in model.aspect_ratios:
            for duration_s in model.durations_s:
                for audio in sounds:
                    yield of_model | _choice(model, resolution, ratio, duration_s, audio=audio)


def _times(model: Model, position: int, models: int) -> dict[str, float]:
    """From when to when it is in use, as shares of the history: the oldest stands first."""
    newer = max(0, position - 3) / max(1, models - 4)
    until = {ModelStatus.RETIRED: 0.35, ModelStatus.RETIRING: 0.9}.get(model.status, 2.0)
    return {"since": newer * _NEWEST_COME_AT, "until": until}


def _choice(
    model: Model, resolution: str, ratio: str, duration_s: int, *, audio: bool
) -> dict[str, Any]:
    estimate = estimate_usd(model, resolution, ratio, duration_s, audio)
    price = model.price(resolution, audio).usd_per_unit
    draft, final = _RESOLUTIONS.get(resolution, (1.0, 1.0))
    weight = _RATIOS.get(ratio, 1.0) / len(model.aspect_ratios)
    weight *= _weight_of_length(model, duration_s) * (0.5 if audio else 1.0)
    dear = float(price / model.tokens_per_unit * 1_000_000)
    return {
        "model": model.key,
        "resolution": resolution,
        "aspect_ratio": ratio,
        "duration_s": duration_s,
        "with_audio": audio,
        "price_usd_per_unit": Decimal(f"{price:.9f}"),
        "estimate_usd": Decimal(f"{estimate.usd:.6f}"),
        "units": float(estimate.units),
        "tokens": float(estimate.tokens),
        "usual_s": float(model.usual_s),
        "strict": model.takes_end_user_id,
        "draft_weight": weight * draft / dear,
        "final_weight": weight * final / dear**0.3,
    }


def _weight_of_length(model: Model, duration_s: int) -> float:
    if duration_s == model.default_duration_s:
        return 12.0
    return 0.3 if duration_s > _LONG_S else 2.0 if duration_s in (8, 10) else 0.6
