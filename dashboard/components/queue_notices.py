"""What stands above the list of generations: a locked account, the counts, or an invitation."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.error_frame import plain
from storage.records.attempts import Account


def account_notice(account: Account, zone: ZoneInfo) -> None:
    """Says when fal refuses the account: nothing is submitted until it works again."""
    if account.locked_since is None:
        return
    since = f"{account.locked_since.astimezone(zone):%d %b %H:%M}"
    reason = f" fal says: {account.reason}" if account.reason else ""
    words = (
        f"The account at fal has been locked since {since}.{reason} Nothing is submitted until it "
        "works again. What is queued waits, and nothing is lost. An administrator has to act."
    )
    st.warning(plain(words), icon=":material/lock:")


def counts_line(counts: dict[str, int]) -> None:
    """How many of the generations shown are where."""
    if not any(counts.values()):
        st.caption("Nothing is under way.")
        return
    st.caption(
        f"**{counts['for_us']}** waiting for us · **{counts['at_fal']}** at fal · "
        f"**{counts['collecting']}** collecting"
    )


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
