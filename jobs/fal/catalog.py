"""The models that the studio offers: what each takes, how large its videos are, what they cost.

The catalogue is data (`catalog.toml`, or the file that an operator names). Everything that differs
between two Seedance endpoints is a field of `Model`, so no other module asks for a model by name.
"""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from enum import StrEnum
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validates_model

from jobs.errors import CatalogError
from storage.models import Price

AUTO = "auto"
"""The aspect ratio that lets fal take the start image's own."""

_TODO = "Correct the catalogue file (STUDIO_CATALOG_FILE names it; without it the shipped one)."
_MILLION = Decimal(1_000_000)

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Resolution = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{2,3}p$")]
AspectRatio = Annotated[str, StringConstraints(pattern=r"^(auto|[1-9]\d?:[1-9]\d?)$")]
Side = Annotated[int, Field(strict=True, ge=16, le=8192)]
SizeTable = dict[Resolution, dict[AspectRatio, tuple[Side, Side]]]


class ModelStatus(StrEnum):
    """Whether a model has a future."""

    ACTIVE = "active"
    RETIRING = "retiring"
    """It works, and the day it stops is announced."""
    RETIRED = "retired"
    """The maker has stopped it; its endpoint still answers, in the way its note says."""


class _Entry(BaseModel):
    """A table of the file: unknown keys are mistakes, and nothing changes after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceEntry(_Entry):
    """What a million video tokens cost under some conditions."""

    resolutions: tuple[Resolution, ...] = Field(min_length=1)
    audio: bool | None = None
    """True: with sound only; False: without; None: either way."""
    usd_per_million_tokens: Decimal = Field(gt=0, le=10_000, allow_inf_nan=False)
    source: Words
    as_of: date
    """Day the price was read at its source."""

    def applies(self, resolution: str, audio: bool) -> bool:
        """Whether this is the price of a video of `resolution`, with sound when `audio`."""
        return resolution in self.resolutions and self.audio in (None, audio)


class Model(_Entry):
    """A Seedance endpoint: its words, its parameters, its limits and its prices.

    Fields and limits are those of the endpoint's input schema (fal, OpenAPI of each model).
    """

    key: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    label: Words
    summary: Words
    """One line that helps a marketer choose."""
    endpoint: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(/[a-z0-9.-]+)+$")]
    status: ModelStatus
    note: str = ""
    """What a person should know before choosing it; empty when there is nothing."""
    sizes: SizeTable
    """(width, height) in pixels by resolution and aspect ratio."""
    resolutions: tuple[Resolution, ...] = Field(min_length=1)
    aspect_ratios: tuple[AspectRatio, ...] = Field(min_length=1)
    durations_s: tuple[Annotated[int, Field(strict=True, ge=1, le=120)], ...] = Field(min_length=1)
    default_resolution: str
    default_aspect_ratio: str
    default_duration_s: int
    fps: int = Field(24, ge=1, le=120)
    prompt_min: int = Field(10, ge=1)
    prompt_max: int = Field(500, ge=1)
    """Most characters that a person may write."""
    sent_prompt_max: int = Field(2500, ge=1)
    """Most characters that fal gets: the person's and those the studio adds."""
    takes_seed: bool
    takes_end_image: bool
    takes_camera_fixed: bool
    takes_audio: bool
    takes_safety_checker: bool
    takes_end_user_id: bool
    seed_min: int = 0
    seed_max: int = 2**32 - 1
    usual_s: float = Field(gt=0)
    """Seconds that fal usually takes for a 5 second video."""
    usual_source: Words
    tokens_per_unit: int = Field(gt=0)
    """Video tokens in one of fal's billing units."""
    prices: tuple[PriceEntry, ...] = Field(min_length=1)

    @property
    def takes_aspect_ratio(self) -> bool:
        """Whether fal lets us choose: False when it always takes the start image's own."""
        return self.aspect_ratios != (AUTO,)

    def size_px(self, resolution: str, aspect_ratio: str) -> tuple[int, int]:
        """Width and height of the video; for `auto` the largest that fal may choose.

        Raises:
            CatalogError: the model has no such resolution or ratio.
        """
        table = self._sizes_of(resolution)
        if aspect_ratio not in self.aspect_ratios:
            raise CatalogError(f"{self.label} has no size for {resolution} in {aspect_ratio}.")
        if aspect_ratio == AUTO:
            return max(table.values(), key=lambda size: size[0] * size[1])
        return table[aspect_ratio]

    def nearest_ratio(self, resolution: str, width: int, height: int) -> str:
        """The named ratio whose size at `resolution` has the shape nearest to width × height.

        Raises:
            CatalogError: the model has no such resolution.
        """
        table = self._sizes_of(resolution)
        return min(table, key=lambda ratio: abs(table[ratio][0] / table[ratio][1] - width / height))

    def price(self, resolution: str, audio: bool) -> Price:
        """The price of one billing unit at `resolution`.

        `audio` makes no difference on a model that makes no sound.

        Raises:
            CatalogError: the model has no such resolution.
        """
        for entry in self.prices:
            if entry.applies(resolution, audio and self.takes_audio):
                return Price(
                    usd_per_unit=entry.usd_per_million_tokens * self.tokens_per_unit / _MILLION,
                    tokens_per_unit=self.tokens_per_unit,
                    source=entry.source,
                    as_of=entry.as_of.isoformat(),
                )
        raise CatalogError(f"{self.label} has no price for {resolution}.")

    def _sizes_of(self, resolution: str) -> dict[str, tuple[int, int]]:
        if resolution not in self.resolutions:
            raise CatalogError(f"{self.label} has no size for {resolution}.")
        return self.sizes[resolution]

    @validates_model(mode="after")
    def _limits_agree(self) -> Model:
        for choice, default, choices in (
            ("resolution", self.default_resolution, self.resolutions),
            ("aspect_ratio", self.default_aspect_ratio, self.aspect_ratios),
            ("duration_s", self.default_duration_s, self.durations_s),
        ):
            if default not in choices:
                raise ValueError(f"default_{choice} {default} is not one of its choices")
            if len(set(choices)) != len(choices):
                raise ValueError(f"a {choice} is listed twice")
        if not self.prompt_min <= self.prompt_max <= self.sent_prompt_max:
            raise ValueError("prompt_min, prompt_max and sent_prompt_max must not decrease")
        if not self.seed_min < self.seed_max:
            raise ValueError("seed_min must be less than seed_max")
        return self

    @validates_model(mode="after")
    def _every_choice_has_a_size(self) -> Model:
        for resolution, ratio in product(self.resolutions, self.aspect_ratios):
            table = self.sizes.get(resolution, {})
            if AUTO in table:
                raise ValueError(f"the sizes of {resolution} can't have one for {AUTO}")
            if not table or (ratio != AUTO and ratio not in table):
                raise ValueError(f"no size for {resolution} in {ratio}")
        return self

    @validates_model(mode="after")
    def _every_choice_has_one_price(self) -> Model:
        sounds = (False, True) if self.takes_audio else (False,)
        for resolution, audio in product(self.resolutions, sounds):
            found = sum(entry.applies(resolution, audio) for entry in self.prices)
            if found != 1:
                sound = "with sound" if audio else "without sound"
                raise ValueError(f"{found} prices for {resolution} {sound}, there must be one")
        return self


class Catalog(_Entry):
    """Every model that can be chosen, in the order in which they are shown."""

    default_model: str
    models: tuple[Model, ...] = Field(min_length=1)

    @property
    def default(self) -> Model:
        """The model of a new request."""
        return self.by_key(self.default_model)

    def usual_s(self, key: str) -> float:
        """Seconds that fal usually takes for 5 seconds of video; for a model that was dropped from
        the catalogue while it was in flight, the default model's."""
        return next((m.usual_s for m in self.models if m.key == key), self.default.usual_s)

    def by_key(self, key: str) -> Model:
        """The model named `key`.

        Raises:
            CatalogError: there is none.
        """
        for model in self.models:
            if model.key == key:
                return model
        known = ", ".join(model.key for model in self.models)
        raise CatalogError(f"There is no model {key!r}.", todo=f"Choose one of {known}.")

    def by_endpoint(self, endpoint: str) -> Model:
        """The model at fal's `endpoint`.

        Raises:
            CatalogError: there is none.
        """
        for model in self.models:
            if model.endpoint == endpoint:
                return model
        raise CatalogError(f"No model of the catalogue has the endpoint {endpoint!r}.", todo=_TODO)

    @validates_model(mode="after")
    def _names_are_unique(self) -> Catalog:
        keys = [model.key for model in self.models]
        if len(set(keys)) != len(keys):
            raise ValueError("two models have the same key")
        if len({model.endpoint for model in self.models}) != len(keys):
            raise ValueError("two models have the same endpoint")
        if self.default_model not in keys:
            raise ValueError(f"default_model {self.default_model!r} is not one of the models")
        return self


def load_catalog(file: Path | None = None) -> Catalog:
    """Read the catalogue from `file`, or the one that ships with the studio when it is None.

    Raises:
        CatalogError: the file can't be read or contradicts itself; the message names the place.
    """
    raw = _read_toml(file)
    try:
        return Catalog.model_validate(_with_sizes(raw))
    except ValidationError as exc:
        problems = "; ".join(
            f"{_place(e['loc'], raw)}: {e['msg'].removeprefix('Value error, ')}"
            for e in exc.errors(include_url=False)
        )
        raise CatalogError(f"The model catalogue can't be used: {problems}.", todo=_TODO) from exc


def _read_toml(file: Path | None) -> dict[str, Any]:
    source = file or resources.files("jobs.fal") / "catalog.toml"
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise CatalogError(f"The model catalogue can't be read: {exc}.", todo=_TODO) from exc


def _with_sizes(raw: dict[str, Any]) -> dict[str, Any]:
    """The file with each model's table of sizes in place of the table's name."""
    tables, entries = raw.get("sizes"), raw.get("models")
    if not isinstance(tables, dict) or not isinstance(entries, list):
        raise CatalogError(
            "The model catalogue can't be used: it needs tables [sizes] and [[models]].", todo=_TODO
        )
    filled = {key: value for key, value in raw.items() if key != "sizes"}
    return filled | {"models": [_with_size(entry, tables) for entry in entries]}


def _with_size(entry: object, tables: dict[str, Any]) -> object:
    """A model's entry with its table; a name without a table stays, and validation reports it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("sizes"), str):
        return entry
    return entry | {"sizes": tables.get(entry["sizes"], entry["sizes"])}


def _place(location: tuple[int | str, ...], raw: dict[str, Any]) -> str:
    """Where in the file: the model's key in place of its number, as people know it."""
    if len(location) < 2 or location[0] != "models" or not isinstance(location[1], int):
        return ".".join(str(part) for part in location) or "the file"
    entry = raw["models"][location[1]]
    name = entry.get("key") if isinstance(entry, dict) else None
    return ".".join(["model " + str(name or location[1] + 1), *map(str, location[2:])])
