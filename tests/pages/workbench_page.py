"""The Workbench page as a test reads and presses it."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def press(page: AppTest, label: str) -> AppTest:
    """Press the button that says so, and wait for the end of what it asks."""
    next(one for one in page.button if one.label == label).click()
    return settled(page.run())


def settled(page: AppTest) -> AppTest:
    """The page after its question has ended."""
    if "workbench_run" in page.session_state:
        page.session_state["workbench_run"].wait(60)
        page.run()
    assert not page.exception
    return page


def words_of(page: AppTest) -> str:
    """Everything it says, letter for letter."""
    blocks = [*page.title, *page.markdown, *page.caption, *page.error, *page.warning]
    return " ".join(block.value for block in blocks).replace("\\", "")


def rows_of(page: AppTest) -> list[dict[str, Any]]:
    """The answer."""
    found: list[dict[str, Any]] = page.dataframe[0].value.to_dict("records")
    return found
