"""What a prompt may not ask for: the company's own list, checked before anything is spent.

The rules are data (`content_rules.toml`, or the file that an operator names). They look at words
after Unicode normalisation; they don't try to outwit people who hide what they mean, because fal
moderates every request as well.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from jobs.errors import Problem
from storage.errors import SettingsError

_TODO = "Correct the file of content rules (STUDIO_CONTENT_RULES_FILE names it)."

MAX_PATTERN_WAYS = 100_000
"""How many ways a pattern may have to match from one place: what backtracking costs at most."""

_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d*,?\d*\}|\(\?:|\(\?|.", re.DOTALL)
_REPEAT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_BACK_REFERENCE = re.compile(r"\\[1-9]")

Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class _RuleEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=300)]
    terms: list[Phrase] = []
    patterns: list[Pattern] = []


class _RulesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[_RuleEntry] = Field(default_factory=list)


@dataclass(frozen=True)
class ContentRule:
    """Words that are refused for one reason."""

    reason: str
    expression: re.Pattern[str]
    """Finds any of them in a normalised prompt."""


@dataclass(frozen=True)
class ContentRules:
    """The company's list."""

    rules: tuple[ContentRule, ...]

    def check(self, prompt: str) -> list[Problem]:
        """One problem for each rule that `prompt` breaks, naming the words that broke it."""
        text = normalised(prompt)
        return [
            Problem("prompt", f"“{found[0]}” can't be used. {rule.reason}")
            for rule in self.rules
            if (found := rule.expression.search(text))
        ]


def load_content_rules(file: Path | None = None) -> ContentRules:
    """Read the rules from `file`, or those that ship with the studio when it is None.

    Raises:
        SettingsError: the file can't be read, or a rule is not usable; the message says which.
    """
    source = file or resources.files("jobs") / "content_rules.toml"
    try:
        entries = _RulesFile.model_validate(tomllib.loads(source.read_text(encoding="utf-8"))).rules
    except ValidationError as exc:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors(include_url=False)
        )
        raise SettingsError(f"The content rules can't be used: {problems}.", todo=_TODO) from exc
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise SettingsError(f"The content rules can't be read: {exc}.", todo=_TODO) from exc
    return ContentRules(tuple(_rule(entry) for entry in entries))


def normalised(text: str) -> str:
    """`text` as rules see it: compatibility forms and case folded, one space between words.

    Invisible format characters, such as a zero-width space inside a word, are left out (Unicode
    Standard Annex 15, NFKC; general category Cf).
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    visible = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return " ".join(visible.split())


def _rule(entry: _RuleEntry) -> ContentRule:
    if not entry.terms and not entry.patterns:
        raise SettingsError(f"The content rule {entry.reason!r} has no words.", todo=_TODO)
    for pattern in entry.patterns:
        _check_pattern(pattern)
    terms = [normalised(term) for term in entry.terms]
    if "" in terms:
        raise SettingsError(
            f"The content rule {entry.reason!r} has a term that can't be seen.", todo=_TODO
        )
    choices = [re.escape(term) for term in terms] + entry.patterns
    either = "|".join(f"(?:{choice})" for choice in choices)
    return ContentRule(entry.reason, re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE))


def _check_pattern(pattern: str) -> None:
    """Raise SettingsError unless `pattern` is a regular expression that can't take long."""
    try:
        expression = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as exc:
        raise _unusable(pattern, str(exc)) from exc
    if expression.match(""):
        raise _unusable(pattern, "it finds every prompt")
    if _ways(pattern) > MAX_PATTERN_WAYS:
        raise _unusable(pattern, "it could take too long; use fewer choices and shorter gaps")


def _ways(pattern: str) -> int:
    """In how many ways `pattern` can match from one place, at most.

    It is the product over all choices: each alternative, each optional part, each length of a
    repeat. Without unbounded repeats and repeated groups there are no others.
    """
    ways, alternatives, before = 1, [1], ""
    for part in _PART.findall(pattern):
        if part in ("(", "(?:"):
            alternatives.append(1)
        elif part == "|":
            alternatives[-1] += 1
        elif part == ")":
            ways *= alternatives.pop()
        elif part == "?":
            ways *= 2
        else:
            ways *= _repeat_ways(pattern, part, before)
        before = part
    return ways * math.prod(alternatives)


def _repeat_ways(pattern: str, part: str, before: str) -> int:
    """The lengths that a repeat may have; 1 for a part that is no repeat."""
    if part in ("*", "+", "(?") or _BACK_REFERENCE.match(part):
        raise _unusable(pattern, f"{part} is not allowed in it")
    repeat = _REPEAT.fullmatch(part)
    if repeat is None:
        return 1
    least, comma, most = repeat.groups()
    if before == ")" or (comma and not most) or not (least or most):
        raise _unusable(pattern, f"{part} has to follow one character and have an upper limit")
    return int(most) - int(least or 0) + 1 if comma else 1


def _unusable(pattern: str, why: str) -> SettingsError:
    return SettingsError(f"The content rule pattern {pattern!r} can't be used: {why}.", todo=_TODO)
