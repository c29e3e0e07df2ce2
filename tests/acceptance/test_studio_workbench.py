"""An analyst at the workbench, in a real browser: the editor, its answers, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.browsing import Noted, browsing, settled, sign_in
from tests.acceptance.running_studio import Studio

pytestmark = pytest.mark.browser

LONG = "select count(*) from range(10000000) a, range(10000000) b where (a.range * b.range) % 7 = 3"
Bench = tuple[Page, Noted]


@pytest.fixture(scope="module")
def bench(first_start: Studio, browser: Browser) -> Iterator[Bench]:
    """The page as an analyst finds it at the first visit."""
    if not first_start.running:
        first_start.start()
    words = ("--name", "Ana Roth", "--role", "analyst", "--team", "Insights", "--json")
    link = first_start.run("user", "add", "ana@acme.test", *words).json["link"]
    assert first_start.run("warehouse", "sync").code == 0
    with browsing(browser) as (_, page, noted):
        sign_in(page, link)
        page.goto(f"{first_start.url}/workbench")
        settled(page)
        yield page, noted


def editor(page: Page) -> Locator:
    """Where SQL is written, emptied."""
    field = page.get_by_role("textbox", name="SQL")
    field.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    return field


def asked(page: Page, sql: str) -> None:
    """Write a question and run it by the keyboard."""
    editor(page)
    page.keyboard.insert_text(sql)
    page.keyboard.press("Control+Enter")


def test_a_question_is_typed_run_drawn_saved_and_opened_again(bench: Bench, tmp_path: Path) -> None:
    page, noted = bench
    field = editor(page)
    field.press_sequentially("select 'all' as scope, count(promp")
    page.locator(".cm-tooltip-autocomplete li", has_text="promptVARCHAR").click()
    page.keyboard.press(")")
    page.keyboard.insert_text(" + 3 as prompts from generations")
    expect(field).to_have_text(re.compile(r"count\(prompt\) \+ 3 as prompts"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(re.compile("^1 row in "))).to_be_visible()
    expect(page.get_by_test_id("glide-cell-0-0")).to_have_text("all")
    page.get_by_role("tab", name="Chart").click()
    expect(page.get_by_role("figure", name="Bars: prompts by scope")).to_be_visible()
    page.locator(".st-key-workbench_save button").click()
    page.get_by_label("Name").fill("Prompts")
    page.locator(".st-key-workbench_keep button").click()
    expect(page.get_by_text("Prompts is saved as version 1.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?query=[0-9a-f-]{36}$"))

    page.goto(page.url)
    expect(page.get_by_role("textbox", name="SQL")).to_have_text(re.compile(r"count\(prompt\)"))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("figure", name="Bars: prompts by scope")).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename == "prompts.csv"
    download.value.save_as(tmp_path / "answer.csv")
    lines = (tmp_path / "answer.csv").read_text("utf-8-sig").splitlines()
    assert lines[0] == "scope,prompts"
    assert re.fullmatch(r"all,\d+", lines[1])
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="SQL").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(" limit 5")
    page.locator(".st-key-workbench_save button").click()  # sooner than typing pauses
    expect(page.get_by_label("Name")).to_have_value("Prompts")
    page.locator(".st-key-workbench_keep button").click()
    expect(page.get_by_text("Prompts is saved as version 2.")).to_be_visible()
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def test_a_long_question_is_stopped_an_attack_refused_and_the_next_answered(bench: Bench) -> None:
    page, noted = bench
    asked(page, LONG)
    expect(page.get_by_text("Running for ")).to_be_visible()
    page.locator(".st-key-workbench_stop button").click()
    expect(page.get_by_text("You stopped the question.")).to_be_visible()
    asked(page, "from read_csv('/etc/passwd')")
    expect(page.get_by_text("read_csv() can't be read from.")).to_be_visible()
    editor(page)
    page.keyboard.insert_text("select 42 as answer")
    page.get_by_role("button", name="Run", exact=True).click()  # sooner than typing pauses
    expect(page.get_by_text(re.compile("^1 row in "))).to_be_visible()
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])


def saved(page: Page, name: str, sql: str, answer: str, who: str) -> None:
    """Ask, and keep the question for whoever is to find it."""
    asked(page, sql)
    expect(page.get_by_test_id("glide-cell-0-0")).to_contain_text(answer)
    page.locator(".st-key-workbench_save button").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("radio", name=who).click()
    page.locator(".st-key-workbench_keep button").click()
    expect(page.get_by_text(f"{name} is saved as version 1.")).to_be_visible()


def test_a_shared_query_is_found_by_a_colleague_who_gets_rows_of_their_own(
    bench: Bench, first_start: Studio, browser: Browser
) -> None:
    page, noted = bench
    words = ("--name", "Max Berg", "--role", "manager", "--team", "Solo", "--json")
    link = first_start.run("user", "add", "max@acme.test", *words).json["link"]
    assert first_start.run("warehouse", "sync").code == 0
    page.goto(f"{first_start.url}/workbench")
    settled(page)
    everybody = "select string_agg(name, ' ' order by name) as everybody from people"
    saved(page, "Nobody else", "select 71 as one", "71", "Only me")
    saved(page, "Colleagues", everybody, "Ana Roth", "Everybody with a workbench")
    with browsing(browser) as (_, other, others):
        sign_in(other, link)
        other.goto(f"{first_start.url}/workbench")
        settled(other)
        other.get_by_role("button", name="Saved").click()
        expect(other.get_by_text("By Ana Roth · version 1")).to_have_count(1)
        expect(other.get_by_role("button", name="Nobody else")).to_have_count(0)
        other.get_by_role("button", name="Colleagues").click()
        expect(other.get_by_role("textbox", name="SQL")).to_have_text(everybody)
        other.get_by_role("button", name="Run", exact=True).click()
        expect(other.get_by_test_id("glide-cell-0-0")).to_have_text("Max Berg")
        assert (others.complaints, others.strangers, others.refusals) == ([], [], [])
    assert (noted.complaints, noted.strangers, noted.refusals) == ([], [], [])
