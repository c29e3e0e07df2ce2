"""What stands around the list of generations: a locked account, how busy fal is, why one waits."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.live_queue import Section
from dashboard.error_frame import plain
from dashboard.reads import QueueView
from jobs.limits import HeldBack, held_back
from storage.records.attempts import Account
from storage.records.generations import QueueLoad
from storage.settings import Settings


def account_notice(account: Account, zone: ZoneInfo) -> None:
    """Says when fal refuses the account: nothing is submitted until it works again."""
    if account.locked_since is None:
        return
    since = f"{account.locked_since.astimezone(zone):%d %b %H:%M}"
    reason = f" fal says: {account.reason}" if account.reason else ""
    words = (
        f"The account at fal has been locked since {since}.{reason} Nothing is submitted until it "
        "works again. What is queued waits, and nothing is lost. An administrator has to act; one "
        "request a minute is tried, and when it goes through everything goes on by itself."
    )
    st.warning(plain(words), icon=":material/lock:")


def load_meter(load: QueueLoad, settings: Settings) -> None:
    """Places of the account at fal in use, and how many wait for us."""
    if not load.in_flight and not load.queued:
        st.caption("Nothing is under way.")
        return
    of = settings.in_flight_limit
    words = (
        f"**{load.in_flight} of {of}** places at fal in use{_yours(load.own_in_flight)} · "
        f"**{load.queued}** waiting for us{_yours(load.own_queued)}"
    )
    st.progress(min(load.in_flight / of, 1.0), text=words)


def _yours(n: int) -> str:
    return f" ({n} yours)" if n else ""


def sections_of(view: QueueView, settings: Settings, *, own: bool) -> dict[str, Section]:
    """The headings of the list by stage; `own` when it shows the reader's generations only."""
    counts = {stage: view.total(stage) for stage in ("collecting", "at_fal", "waiting")}
    why = held_back(
        view.load, settings, account_locked=view.account.locked_since is not None, own=own
    )
    return {
        "collecting": Section("Collecting", counts["collecting"], "Fetched, checked and stored."),
        "at_fal": Section(
            "At fal", counts["at_fal"], "Sent there: waiting in fal's queue or made."
        ),
        "waiting": Section("Waiting for us", counts["waiting"], why_words(why, settings)),
        "ended": Section("Finished in the last day", view.total("all") - sum(counts.values()), ""),
    }


def why_words(why: HeldBack, settings: Settings) -> str:
    """Why nothing more is sent to fal now."""
    of, own = settings.in_flight_limit, settings.person_concurrency
    return {
        HeldBack.ACCOUNT_LOCKED: "The account at fal is locked.",
        HeldBack.PERSON_LIMIT: f"You have {own} at fal, as many as one person may have at once.",
        HeldBack.ACCOUNT_FULL: f"Our {of} places at fal are taken; the next goes to whoever has "
        "the fewest there.",
        HeldBack.ITS_TURN: "On the way to fal.",
    }[why]


def rest_line(view: QueueView) -> None:
    """How many are not in the list because it would be too long."""
    if view.total("all") > len(view.rows):
        st.caption(f"The first {len(view.rows)} of {view.total('all')} are shown.")


def empty_queue(mine: bool) -> None:
    """An invitation in place of an empty list."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("small")
        st.markdown("#### Nothing here right now", text_alignment="center")
        whose = "yours" if mine else "your team's"
        st.markdown(
            f"What you submit appears here, and stays for a day. Older videos of {whose} are in "
            "the gallery.",
            text_alignment="center",
        )
        st.page_link("app_pages/create.py", label="Create a video", icon=":material/auto_awesome:")
        st.space("small")
