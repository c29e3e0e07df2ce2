"""In what videos differ: their prompts word by word, their parameters one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Part = tuple[str, bool]
"""A piece of text, and whether it differs from the others."""

LEAST_IN_COMMON = 0.4
"""Share of the longer text's pieces, spaces among them."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Row:
    """One property of every compared video, in their order."""

    label: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether they are not all the same."""
        return len(set(self.values)) > 1


def marked_texts(texts: Sequence[str]) -> list[list[Part]]:
    """Each text in pieces; those pieces are marked that the first one and it don't share.

    The first text is marked where at least one of the others departs from it. Words are the
    smallest pieces, upper and lower case are the same, spaces never differ. Texts that have little
    in common are not marked: that they differ is plain, and everything marked says nothing.
    """
    words = [_WORDS.findall(text) for text in texts]
    if not words:
        return []
    first, *others = words
    shared = [_shared(first, other) for other in others]
    in_all = set(range(len(first))).intersection(*(here for here, _ in shared if here))
    marked = [_parts(first, in_all.__contains__)]
    for other, (_, there) in zip(others, shared, strict=True):
        marked.append(_parts(other, there.__contains__))
    return marked


def is_unmarked(texts: Sequence[str]) -> bool:
    """Whether one of the others has too little in common with the first one to be marked."""
    words = [_WORDS.findall(text) for text in texts]
    shared = [_shared(words[0], other) for other in words[1:]]
    return any(there and not here for here, there in shared)


def _shared(first: list[str], other: list[str]) -> tuple[set[int], set[int]]:
    """Places in either text of the words that both have, in the same order.

    None in the first and all in the other when they have too little in common.
    """
    pairs = SequenceMatcher(a=_folded(first), b=_folded(other), autojunk=False)
    here: set[int] = set()
    there: set[int] = set()
    for block in pairs.get_matching_blocks():
        here.update(range(block.a, block.a + block.size))
        there.update(range(block.b, block.b + block.size))
    if len(here) < LEAST_IN_COMMON * max(len(first), len(other)):
        return set(), set(range(len(other)))
    return here, there


def _folded(words: list[str]) -> list[str]:
    return [" " if word.isspace() else word.casefold() for word in words]


def _parts(words: list[str], is_shared: Callable[[int], bool]) -> list[Part]:
    """Neighbours of a kind put together; a space between two marked words is marked with them."""
    marks = [not word.isspace() and not is_shared(at) for at, word in enumerate(words)]
    for at in range(1, len(words) - 1):
        if words[at].isspace() and marks[at - 1] and marks[at + 1]:
            marks[at] = True
    parts: list[Part] = []
    for word, mark in zip(words, marks, strict=True):
        if parts and parts[-1][1] == mark:
            parts[-1] = (parts[-1][0] + word, mark)
        else:
            parts.append((word, mark))
    return parts
