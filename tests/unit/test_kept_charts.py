"""Figures that are drawn once and sent many times."""

from __future__ import annotations

from uuid import uuid4

import plotly.graph_objects as go
import plotly.io

from dashboard import charts


def drawing(seen: list[str], word: str) -> go.Figure:
    """A figure; `seen` tells that it was drawn."""
    seen.append(word)
    return charts.figure([go.Bar(x=[word], y=[2.5])], unit="$", height=100)


def test_a_figure_is_drawn_once_for_each_key() -> None:
    key, seen = str(uuid4()), list[str]()
    made = [charts.kept(f"{key}{word}", lambda: drawing(seen, word)) for word in "abab"]  # noqa: B023
    assert seen == ["a", "b"]
    assert made[0] is made[2]
    assert made[0].data[0].x == ("a",)


def test_what_is_sent_is_what_was_drawn() -> None:
    plain = drawing([], "a")
    made = charts.kept(str(uuid4()), lambda: plain)
    assert plotly.io.to_json(made.to_dict(), validate=False) == plain.to_json(validate=False)
    assert made.to_dict() is made.to_dict()
