"""Samples to try the studio with: one press gives an image and a prompt."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from html import escape
from importlib import resources
from pathlib import PurePath

import streamlit as st

from dashboard import drawn_once
from dashboard.components.create_draft import IMAGE, PROMPT, UPLOADS, choose_image
from dashboard.services import services

_STYLE = """
<style>
.samples { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 1rem; }
.samples figure { margin: 0; }
.samples img { display: block; width: 100%; height: auto; border-radius: .5rem; }
.samples figcaption { margin-top: .4rem; font-size: .875rem; line-height: 1.35; opacity: .7; }
</style>
"""


@dataclass(frozen=True)
class Sample:
    """A picture that ships with the studio, and a prompt that suits it."""

    title: str
    file: str
    prompt: str
    data: bytes

    @property
    def card(self) -> str:
        """The address of a small JPEG for the card, cropped to the shape of its neighbours."""
        return f"/app/static/samples/{PurePath(self.file).stem}.jpg"


@cache
def load_samples() -> tuple[Sample, ...]:
    """The samples in `dashboard/samples`, in the order of their list."""
    folder = resources.files("dashboard") / "samples"
    listed = tomllib.loads((folder / "samples.toml").read_text(encoding="utf-8"))["samples"]
    files = [(entry, (folder / entry["file"]).read_bytes()) for entry in listed]
    return tuple(
        Sample(entry["title"], entry["file"], entry["prompt"], data) for entry, data in files
    )


def use_sample(number: int) -> None:
    """Fill the form with a sample's image and prompt."""
    sample = load_samples()[number]
    st.session_state[UPLOADS] = st.session_state.get(UPLOADS, 0) + 1
    choose_image(IMAGE, sample.data, sample.title, services().settings)
    st.session_state[PROMPT] = sample.prompt


def sample_picker() -> None:
    """A strip of cards, and a button below each."""
    samples = load_samples()
    drawn_once.show("samples", partial(_show_cards, samples))
    with st.container(horizontal=True, wrap=False):
        for number, sample in enumerate(samples):
            st.button(
                "Use this",
                key=f"sample_{number}",
                help=sample.prompt,
                on_click=use_sample,
                args=(number,),
                width="stretch",
            )


def _show_cards(samples: Sequence[Sample]) -> None:
    cards = "".join(_card(sample) for sample in samples)
    st.html(f'{_STYLE}<div class="samples">{cards}</div>')


def _card(sample: Sample) -> str:
    title = escape(sample.title)
    return (
        f'<figure><img src="{escape(sample.card)}" alt="{title}" width="480" height="360">'
        f"<figcaption>{title}</figcaption></figure>"
    )
