from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.content_rules import ContentRules, load_content_rules, normalised
from storage.errors import SettingsError

RULES = load_content_rules()


def rules_of(tmp_path: Path, content: str) -> ContentRules:
    file = tmp_path / "rules.toml"
    file.write_text(content, encoding="utf-8")
    return load_content_rules(file)


def one_pattern(tmp_path: Path, pattern: str) -> ContentRules:
    return rules_of(tmp_path, f"[[rules]]\nreason = 'Not here.'\npatterns = ['''{pattern}''']")


@pytest.mark.parametrize(
    "prompt",
    [
        "A naked woman on a beach",
        "The model stands nude in front of a window",
        "a nude scene",
        "A child in lingerie",
        "A sexy dance of two teenagers and a teen",
        "Full of violence and gore",
        "A violent fight in a bar",
        "A man holding a gun",
        "A pistol on a table",
        "A swastika on a flag",
        "Lines of cocaine on a mirror",
        "A deepfake of our chairman",
        "Somebody who looks exactly like the president",
        "In the likeness of a real person",
        "This cream cures cancer",
        "Clinically proven to work",
    ],
)
def test_what_the_company_does_not_show_is_refused(prompt: str) -> None:
    problems = RULES.check(prompt)
    assert problems
    assert {problem.field for problem in problems} == {"prompt"}


@pytest.mark.parametrize(
    "prompt",
    [
        "Product shot of a perfume bottle with a killer look",
        "A bath bomb dissolves in blue water next to a blood orange",
        "A nude lipstick next to a powder brush",
        "A massage gun and a glue gun on a workbench",
        "The heroine of our story drinks coffee",
        "Children play with a kite in the wind",
        "She looks like a queen in this dress, violent waves behind her",
        "Photo shoot of a sports car, camera shoots past it",
        "",
    ],
)
def test_the_innocent_words_of_the_trade_are_allowed(prompt: str) -> None:
    assert RULES.check(prompt) == []


@pytest.mark.parametrize(
    "prompt", ["NAKED", "Naked!", "(naked)", "ｎａｋｅｄ", "na\u200bked", "na\u00adked", "“naked”"]
)
def test_case_width_and_invisible_characters_hide_nothing(prompt: str) -> None:
    assert RULES.check(prompt)


@pytest.mark.parametrize("prompt", ["machine  gun", "machine\ngun", "MACHINE\u00a0GUN"])
def test_a_phrase_is_found_whatever_its_spacing(prompt: str) -> None:
    assert RULES.check(prompt)


def test_a_problem_names_the_words_and_the_reason(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[[rules]]\nreason = "No rivals."\nterms = ["Acme Cola"]')
    (problem,) = rules.check("A can of ACME cola on ice")
    assert problem.message == "“acme cola” can't be used. No rivals."


def test_every_broken_rule_is_reported_once() -> None:
    assert len(RULES.check("naked, nudity and a pistol")) == 2


def test_a_term_is_found_as_a_whole_word_only(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, '[[rules]]\nreason = "No."\nterms = ["c++", "ass"]')
    assert rules.check("glass and brass classics") == []
    assert rules.check("made in C++.")


def test_a_file_without_rules_allows_everything(tmp_path: Path) -> None:
    assert rules_of(tmp_path, "").check("naked") == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:wild )?cats? {1,3}dogs",
        "[aeiou]{2}x",
        r"[\]*+]x",
        r"a\*b",
        "[]*]b",
        "red.{0,60}blue",
        "(a|b)?c",
        "x{,3}y",
    ],
)
def test_a_limited_pattern_is_taken(tmp_path: Path, pattern: str) -> None:
    assert one_pattern(tmp_path, pattern).check("nothing of the kind") == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "a*",
        "a+b",
        "(?:a|a){20}b",
        "(?:ab){2,3}",
        "a{2,}b",
        "a{}b",
        "x(?=y)",
        "(?i)x",
        "(?P<name>x)",
        r"(a)\1",
        "a?" * 30 + "a" * 30,
        "(?:a|a)" * 30 + "b",
        "a.{0,100}b.{0,100}c.{0,100}d",
        "x{99999999999}",
        "(" * 150 + "x" + ")" * 150 + "?+",
        "(unclosed",
        "[unclosed",
        "x?",
        "",
        "|x",
    ],
)
def test_a_pattern_that_is_wrong_or_could_take_long_is_refused(
    tmp_path: Path, pattern: str
) -> None:
    with pytest.raises(SettingsError, match="content rule"):
        one_pattern(tmp_path, pattern)


@pytest.mark.parametrize(
    "content",
    [
        "rules = 3",
        "[[rules]]\nterms = ['a word']",
        "[[rules]]\nreason = 'No words.'",
        "[[rules]]\nreason = 'Mistyped.'\nterm = ['a word']",
        "[[rules]]\nreason = 'Short.'\nterms = ['a']",
        "[[rules]]\nreason = 'Unseen.'\nterms = ['\u200b\u200b']",
        "[[rules",
    ],
)
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(SettingsError, match="content rule"):
        rules_of(tmp_path, content)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        load_content_rules(tmp_path / "missing.toml")


@given(st.text(max_size=600))
def test_any_text_can_be_checked(prompt: str) -> None:
    assert len(RULES.check(prompt)) <= len(RULES.rules)
    assert normalised(normalised(prompt)) == normalised(prompt)


@given(st.text(max_size=100), st.text(max_size=100))
def test_a_refused_word_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert RULES.check(f"{before} swastika {after}")
