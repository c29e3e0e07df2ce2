from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import resources
from pathlib import Path

import pytest

from jobs.errors import CatalogError
from jobs.fal.catalog import Catalog, Model, load_catalog

CATALOG = load_catalog()
SHIPPED = (resources.files("jobs.fal") / "catalog.toml").read_text(encoding="utf-8")


every_model = pytest.mark.parametrize("model", CATALOG.models, ids=lambda model: model.key)


def loaded_with(tmp_path: Path, old: str, new: str) -> Catalog:
    assert old in SHIPPED
    file = tmp_path / "catalog.toml"
    file.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    return load_catalog(file)


def test_eight_models_are_offered_and_pro_fast_is_the_default() -> None:
    assert [model.key for model in CATALOG.models] == [
        "seedance-1.0-lite",
        "seedance-1.0-pro-fast",
        "seedance-1.0-pro",
        "seedance-1.5-pro",
        "seedance-2.0-mini",
        "seedance-2.0-fast",
        "seedance-2.0",
        "seedance-2.5",
    ]
    assert CATALOG.default.key == "seedance-1.0-pro-fast"


@every_model
def test_every_model_makes_5_and_10_seconds_at_480p_and_720p(model: Model) -> None:
    assert {5, 10} <= set(model.durations_s)
    assert {"480p", "720p"} <= set(model.resolutions)
    assert (model.default_duration_s, model.default_resolution) == (5, "720p")


@every_model
def test_the_common_ratios_are_offered_where_the_model_lets_us_choose(model: Model) -> None:
    assert "auto" in model.aspect_ratios
    assert {"16:9", "9:16", "1:1"} <= set(model.aspect_ratios) or not model.takes_aspect_ratio


@every_model
def test_every_choice_has_a_size_of_its_shape_and_a_price(model: Model) -> None:
    for resolution in model.resolutions:
        assert model.price(resolution, audio=True).usd_per_unit > 0
        for ratio in set(model.aspect_ratios) - {"auto"}:
            width, height = model.size_px(resolution, ratio)
            across, down = map(int, ratio.split(":"))
            assert width / height == pytest.approx(across / down, rel=0.04)


@every_model
def test_auto_has_the_size_of_the_largest_video_it_may_make(model: Model) -> None:
    for resolution in model.resolutions:
        width, height = model.size_px(resolution, "auto")
        assert width * height == max(w * h for w, h in model.sizes[resolution].values())


@every_model
def test_the_size_of_a_video_tells_its_ratio(model: Model) -> None:
    for resolution in model.resolutions:
        for ratio, (width, height) in model.sizes[resolution].items():
            assert model.nearest_ratio(resolution, width, height) == ratio
            assert model.nearest_ratio(resolution, width // 2, height // 2) == ratio


def test_a_video_of_a_resolution_the_model_does_not_have_has_no_ratio() -> None:
    with pytest.raises(CatalogError, match="1080p"):
        CATALOG.by_key("seedance-2.0-fast").nearest_ratio("1080p", 1920, 1080)


@every_model
def test_a_model_is_found_by_key_and_by_endpoint(model: Model) -> None:
    assert CATALOG.by_key(model.key) is model
    assert CATALOG.by_endpoint(model.endpoint) is model


def test_only_2_5_leaves_the_ratio_to_the_image() -> None:
    assert [m.key for m in CATALOG.models if not m.takes_aspect_ratio] == ["seedance-2.5"]


def test_lite_is_retired_priced_as_pro_fast_and_promises_no_end_image() -> None:
    lite = CATALOG.by_key("seedance-1.0-lite")
    assert lite.status == "retired"
    assert "1.0 Pro Fast" in lite.note
    assert not lite.takes_end_image
    assert lite.price("720p", audio=False).usd_per_unit == Decimal(1)


def test_1_5_pro_says_when_it_stops() -> None:
    model = CATALOG.by_key("seedance-1.5-pro")
    assert model.status == "retiring"
    assert "11 November 2026" in model.note


def test_sound_doubles_the_price_of_1_5_pro_only() -> None:
    with_sound = {m.key for m in CATALOG.models if m.price("720p", True) != m.price("720p", False)}
    assert with_sound == {"seedance-1.5-pro"}
    model = CATALOG.by_key("seedance-1.5-pro")
    assert model.price("720p", audio=True).usd_per_unit == Decimal("2.4")
    assert model.price("720p", audio=False).usd_per_unit == Decimal("1.2")


def test_a_price_is_for_one_billing_unit_and_names_its_source_and_day() -> None:
    price = CATALOG.by_key("seedance-2.0").price("720p", audio=True)
    assert (price.usd_per_unit, price.tokens_per_unit) == (Decimal("0.014"), 1000)
    assert price.source.startswith("fal, llms.txt")
    assert date.fromisoformat(price.as_of) <= date(2026, 12, 31)


def test_2_5_costs_more_per_token_at_1080p() -> None:
    model = CATALOG.by_key("seedance-2.5")
    assert model.price("720p", True).usd_per_unit == Decimal("0.0214")
    assert model.price("1080p", True).usd_per_unit == Decimal("0.0234")


def test_an_unknown_key_names_the_models_there_are() -> None:
    with pytest.raises(CatalogError) as caught:
        CATALOG.by_key("sora")
    assert "seedance-2.5" in caught.value.todo


def test_an_unknown_endpoint_is_refused() -> None:
    with pytest.raises(CatalogError, match="fal-ai/other"):
        CATALOG.by_endpoint("fal-ai/other")


@pytest.mark.parametrize(("resolution", "ratio"), [("1080p", "16:9"), ("720p", "2:1")])
def test_a_size_the_model_does_not_have_is_refused(resolution: str, ratio: str) -> None:
    with pytest.raises(CatalogError, match=resolution):
        CATALOG.by_key("seedance-2.0-fast").size_px(resolution, ratio)


def test_a_price_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(CatalogError, match="1080p"):
        CATALOG.by_key("seedance-2.0-fast").price("1080p", audio=False)


def test_an_operators_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    catalog = loaded_with(tmp_path, '"2.5"\nsource', '"3.75"\nsource')
    assert catalog.by_key("seedance-1.0-pro").price("720p", False).usd_per_unit == Decimal("3.75")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"1.0"\nsource', '"cheap"\nsource', "model seedance-1.0-lite.prices.0.usd_per_million"),
        ('"1.0"\nsource', '"-1"\nsource', "usd_per_million_tokens"),
        ('"1.0"\nsource', '"NaN"\nsource', "usd_per_million_tokens"),
        ("default_duration_s = 5", "default_duration_s = 99", "default_duration_s 99"),
        ('default_resolution = "720p"', 'default_resolution = "4k"', "default_resolution 4k"),
        ('sizes = "1.0"', 'sizes = "9"', "model seedance-1.0-lite.sizes"),
        ('"16:9" = [1248, 704]', "", "no size for 720p in 16:9"),
        ('"16:9" = [1248, 704]', '"16:9" = [0, 704]', "sizes.720p.16:9.0"),
        ("\naudio = false\n", "\n", "seedance-1.5-pro: 2 prices for 480p with sound"),
        (
            'resolutions = ["1080p"]\n',
            'resolutions = ["480p"]\n',
            "seedance-2.5: 2 prices for 480p",
        ),
        ("takes_seed = true\n", "", "model seedance-1.0-lite.takes_seed"),
        ("takes_seed = true\n", "takes_seed = true\ntakes_sed = true\n", "takes_sed"),
        ('status = "retired"', 'status = "gone"', "model seedance-1.0-lite.status"),
        ('default_model = "seedance-1.0-pro-fast"', 'default_model = "x"', "default_model 'x'"),
        ('key = "seedance-2.5"', 'key = "seedance-2.0"', "two models have the same key"),
        ("seedance-2.5/image", "seedance-2.0/image", "two models have the same endpoint"),
        ("[[models]]", "[[models", "can't be read"),
        ("as_of = 2026-09-29", 'as_of = "last week"', "prices.0.as_of"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(CatalogError, match=named):
        loaded_with(tmp_path, old, new)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"sizes = 3\nmodels = 4", b"models = [1]"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "catalog.toml"
    file.write_bytes(content)
    with pytest.raises(CatalogError, match="model catalogue"):
        load_catalog(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"missing\.toml"):
        load_catalog(tmp_path / "missing.toml")
