"""What a video will cost, what is set aside, what is free, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from dashboard.components.money_words import budget_name, dollars
from dashboard.error_frame import plain
from dashboard.reads import UsualTime
from jobs.pricing import Estimate, hold_usd
from storage.records.ledger import Room


@dataclass(frozen=True)
class Quote:
    """Everything a person wants to know before pressing Generate."""

    estimate: Estimate
    room: Room | None
    usual: UsualTime
    simulated: bool

    @property
    def hold_usd(self) -> Decimal:
        """What is set aside until the video is there."""
        return hold_usd(self.estimate.usd)

    @property
    def fits(self) -> bool:
        """Whether the tightest budget has room for it."""
        return self.room is None or self.hold_usd <= self.room.free_usd


def price_words(estimate: Estimate) -> str:
    """`$0.10`, or `up to $0.26` when fal chooses the size."""
    if estimate.exact:
        return dollars(estimate.usd)
    return f"up to {dollars(estimate.usd, round_up=True)}"


def price_tag(quote: Quote) -> None:
    """The price in large, and what goes with it in words."""
    st.metric("Price", price_words(quote.estimate))
    lines = [
        f":material/lock: {dollars(quote.hold_usd, round_up=True)} is set aside until it is done "
        "(5 % more than the price)",
        f":material/schedule: {time_words(quote.usual)}",
    ]
    if quote.room is not None:
        lines.insert(1, f":material/account_balance_wallet: {_room_words(quote.room)}")
    if quote.simulated:
        lines.append(
            ":material/science: Simulator: videos are test renders, no money is spent for real"
        )
    st.caption("  \n".join(lines).replace("$", r"\$"))


def room_warning(quote: Quote) -> None:
    """Says in words when no budget has room; pressing Generate then asks the budget anew."""
    if quote.fits or quote.room is None:
        return
    room = quote.room
    wait = f", wait until {room.resets_at:%d %b %H:%M %Z}" if room.resets_at else ""
    words = (
        f"This video sets {dollars(quote.hold_usd, round_up=True)} aside, and "
        f"{budget_name(room.scope, room.period)} has {dollars(room.free_usd)} left. "
        f"Choose a cheaper setting{wait}, or ask a manager to raise it."
    )
    st.warning(plain(words), icon=":material/account_balance_wallet:")


def time_words(usual: UsualTime) -> str:
    """How long it takes, as a range when we know one."""
    if usual.p90_s is None:
        return f"Usually about {seconds_words(usual.p50_s)}"
    low, high = seconds_words(usual.p50_s), seconds_words(usual.p90_s)
    return f"Usually about {low}" if low == high else f"Usually {low} to {high}"


def seconds_words(seconds: float) -> str:
    """`12 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _room_words(room: Room) -> str:
    free, limit = dollars(room.free_usd), dollars(room.limit_usd)
    return f"{free} of {limit} is free in {budget_name(room.scope, room.period)}"
