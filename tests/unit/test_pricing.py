from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.fal.catalog import Model, load_catalog
from jobs.pricing import (
    MICRO_USD,
    PLAUSIBLE_FACTOR,
    charge_for,
    estimate_usd,
    hold_usd,
    tokens,
)

CATALOG = load_catalog()
MODEL_2 = CATALOG.by_key("seedance-2.0")
amounts_usd = st.decimals(Decimal("0.001"), Decimal(500), places=6)
any_units = st.none() | st.decimals(allow_nan=True, allow_infinity=True)


@st.composite
def choices(draw: st.DrawFn) -> tuple[Model, str, str, bool]:
    model = draw(st.sampled_from(CATALOG.models))
    return (
        model,
        draw(st.sampled_from(model.resolutions)),
        draw(st.sampled_from(model.aspect_ratios)),
        draw(st.booleans()),
    )


@pytest.mark.parametrize(
    ("key", "audio", "usd_480p", "usd_720p", "usd_1080p"),
    [
        ("seedance-1.0-lite", False, "0.049", "0.103", "0.245"),
        ("seedance-1.0-pro-fast", False, "0.049", "0.103", "0.245"),
        ("seedance-1.0-pro", False, "0.122", "0.257", "0.612"),
        ("seedance-1.5-pro", True, "0.121", "0.259", "0.583"),
        ("seedance-1.5-pro", False, "0.060", "0.130", "0.292"),
        ("seedance-2.0", True, "0.703", "1.512", "3.402"),
        ("seedance-2.0-fast", True, "0.562", "1.210", None),
        ("seedance-2.0-mini", True, "0.352", "0.756", None),
    ],
)
def test_five_seconds_in_16_9_cost_what_fals_formula_and_prices_give(
    key: str, audio: bool, usd_480p: str, usd_720p: str, usd_1080p: str | None
) -> None:
    model = CATALOG.by_key(key)
    prices = {"480p": usd_480p, "720p": usd_720p, "1080p": usd_1080p}
    for resolution in model.resolutions:
        estimate = estimate_usd(model, resolution, "16:9", 5, audio)
        assert prices[resolution] is not None
        assert abs(estimate.usd - Decimal(prices[resolution] or 0)) <= Decimal("0.0006")
        assert estimate.exact


@pytest.mark.parametrize(
    ("width", "height", "count"),
    [(864, 480, 48_600), (1248, 704, 102_960), (1920, 1088, 244_800), (1280, 720, 108_000)],
)
def test_tokens_of_five_seconds(width: int, height: int, count: int) -> None:
    assert tokens(width, height, 5) == count


def test_2_5_is_estimated_at_the_largest_size_it_may_choose() -> None:
    estimate = estimate_usd(CATALOG.by_key("seedance-2.5"), "720p", "auto", 5, audio=True)
    assert not estimate.exact
    assert estimate.tokens == tokens(1112, 834, 5)
    assert estimate.usd == Decimal("2.325765")


def test_units_are_millions_of_tokens_on_1_x_and_thousands_on_2_x() -> None:
    pro = estimate_usd(CATALOG.by_key("seedance-1.0-pro"), "720p", "16:9", 5, audio=False)
    newer = estimate_usd(MODEL_2, "720p", "16:9", 5, audio=True)
    assert (pro.units, newer.units) == (Decimal("0.10296"), Decimal(108))


@pytest.mark.parametrize(
    ("duration_s", "units", "usd"),
    [(4, "87.3", "1.2222"), (5, "108.9", "1.5246"), (6, "130.5", "1.827")],
)
def test_bills_that_fal_users_published_fit_into_the_hold(
    duration_s: int, units: str, usd: str
) -> None:
    estimate = estimate_usd(MODEL_2, "720p", "16:9", duration_s, audio=True)
    charge = charge_for(Decimal(units), MODEL_2.price("720p", True), estimate.usd)
    assert (charge.amount_usd, charge.verified) == (Decimal(usd), True)
    assert charge.amount_usd <= hold_usd(estimate.usd)


@pytest.mark.parametrize(
    "units", [None, "0", "-108", "NaN", "Infinity", "0.108", "108000", "325", "35", "1E+999999"]
)
def test_a_bill_that_cant_be_right_is_replaced_by_the_estimate(units: str | None) -> None:
    billed = None if units is None else Decimal(units)
    charge = charge_for(billed, MODEL_2.price("720p", True), Decimal("1.512"))
    assert (charge.amount_usd, charge.verified) == (Decimal("1.512"), False)
    assert charge.reason.startswith("fal ")


def test_a_bill_between_a_third_of_the_estimate_and_the_hold_is_charged() -> None:
    price = MODEL_2.price("720p", True)
    for units, usd in (("113", "1.582"), ("36", "0.504")):
        charge = charge_for(Decimal(units), price, Decimal("1.512"))
        assert (charge.amount_usd, charge.verified, charge.reason) == (Decimal(usd), True, "")


def test_a_charge_is_rounded_to_the_nearest_micro_dollar() -> None:
    charge = charge_for(Decimal("108.00003"), MODEL_2.price("720p", True), Decimal("1.512"))
    assert charge.amount_usd == Decimal("1.512000")
    charge = charge_for(Decimal("108.00004"), MODEL_2.price("720p", True), Decimal("1.512"))
    assert charge.amount_usd == Decimal("1.512001")


@given(amounts_usd)
def test_a_hold_is_its_estimate_and_five_per_cent_never_less(amount_usd: Decimal) -> None:
    held = hold_usd(amount_usd)
    assert amount_usd * Decimal("1.05") <= held < amount_usd * Decimal("1.05") + MICRO_USD
    assert held == held.quantize(MICRO_USD)


@given(any_units, amounts_usd)
def test_whatever_fal_bills_the_charge_is_bounded(units: Decimal | None, estimate: Decimal) -> None:
    charge = charge_for(units, MODEL_2.price("720p", True), estimate)
    assert 0 < charge.amount_usd <= estimate * PLAUSIBLE_FACTOR
    assert charge.amount_usd == charge.amount_usd.quantize(MICRO_USD)
    assert charge.verified == (charge.reason == "")
    assert charge.verified or charge.amount_usd == estimate <= hold_usd(estimate)


@given(choices(), st.data())
def test_a_longer_video_never_costs_less(
    choice: tuple[Model, str, str, bool], data: st.DataObject
) -> None:
    model, resolution, ratio, audio = choice
    shorter, longer = sorted(data.draw(st.tuples(*[st.sampled_from(model.durations_s)] * 2)))
    usd = [estimate_usd(model, resolution, ratio, s, audio).usd for s in (shorter, longer)]
    assert 0 < usd[0] <= usd[1]


@given(choices())
def test_auto_is_never_cheaper_than_a_ratio_that_fal_may_take(
    choice: tuple[Model, str, str, bool],
) -> None:
    model, resolution, ratio, audio = choice
    most = estimate_usd(model, resolution, "auto", 5, audio).usd
    assert estimate_usd(model, resolution, ratio, 5, audio).usd <= most


@given(choices(), st.sampled_from([5, 10]))
def test_a_bill_by_the_formula_is_charged_at_the_estimate(
    choice: tuple[Model, str, str, bool], duration_s: int
) -> None:
    model, resolution, ratio, audio = choice
    estimate = estimate_usd(model, resolution, ratio, duration_s, audio)
    charge = charge_for(estimate.units, model.price(resolution, audio), estimate.usd)
    assert (charge.amount_usd, charge.verified) == (estimate.usd, True)
