from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from jobs.spend_bridge import STEPS, Side, Slice, bridge, side_of

MONEY = st.decimals(0, 100_000, places=6, allow_nan=False)
SLICES = st.lists(
    st.builds(
        Slice,
        model=st.sampled_from(["lite", "pro"]),
        resolution=st.sampled_from(["480p", "1080p"]),
        videos=st.integers(1, 10_000),
        seconds=st.floats(0.5, 1e6),
        usd=MONEY,
    ),
    max_size=4,
    unique_by=lambda one: (one.model, one.resolution),
).map(tuple)
SIDES = st.builds(Side, slices=SLICES, wasted_usd=MONEY, spend_usd=MONEY)


def side(*slices: Slice, wasted: str = "0", more: str = "0") -> Side:
    good = sum((one.usd for one in slices), Decimal(0))
    return Side(slices, Decimal(wasted), good + Decimal(wasted) + Decimal(more))


def lite(videos: int, usd: str, seconds: float | None = None) -> Slice:
    return Slice("lite", "480p", videos, videos * 5.0 if seconds is None else seconds, Decimal(usd))


def changed(before: Side, now: Side) -> dict[str, Decimal]:
    return {name: usd for name, usd in bridge(before, now).items() if usd}


@given(SIDES, SIDES)
def test_the_steps_are_the_change_to_the_last_digit(before: Side, now: Side) -> None:
    steps = bridge(before, now)
    assert tuple(steps) == STEPS
    assert sum(steps.values(), Decimal(0)) == now.spend_usd - before.spend_usd


@given(SIDES)
def test_what_did_not_change_has_no_steps(one: Side) -> None:
    assert changed(one, one) == {}


def test_twice_as_many_of_the_same_is_volume() -> None:
    assert changed(side(lite(10, "20")), side(lite(20, "40"))) == {"volume": Decimal(20)}


def test_longer_ones_are_duration_and_dearer_seconds_are_price() -> None:
    longer = lite(10, "40", seconds=100)
    assert changed(side(lite(10, "20")), side(longer)) == {"duration": Decimal(20)}
    assert changed(side(lite(10, "20")), side(lite(10, "30"))) == {"price": Decimal(10)}


def test_another_model_is_model_and_another_resolution_is_resolution() -> None:
    pro = Slice("pro", "480p", 10, 50.0, Decimal(90))
    sharp = Slice("lite", "1080p", 10, 50.0, Decimal(60))
    assert changed(side(lite(10, "20")), side(pro)) == {"model": Decimal(70)}
    assert changed(side(lite(10, "20")), side(sharp)) == {"resolution": Decimal(40)}


def test_from_nothing_everything_is_volume() -> None:
    assert changed(side(), side(lite(10, "20"))) == {"volume": Decimal(20)}
    assert changed(side(lite(10, "20")), side()) == {"volume": Decimal(-20)}


def test_waste_and_what_belongs_to_no_video_are_steps_of_their_own() -> None:
    before, now = side(lite(1, "2")), side(lite(1, "2"), wasted="3", more="-0.5")
    assert changed(before, now) == {"waste": Decimal(3), "rest": Decimal("-0.5")}


def test_a_side_is_made_of_the_rows_of_the_report() -> None:
    good = {"model": "lite", "resolution": "480p", "good": True, "n": 2, "seconds": 10.0}
    rows = [good | {"usd": Decimal(4)}, good | {"good": False, "usd": Decimal(1)}]
    made = side_of(rows, Decimal(6))
    assert made == Side((lite(2, "4"),), Decimal(1), Decimal(6))
