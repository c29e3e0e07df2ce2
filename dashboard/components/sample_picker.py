"""Samples to try the studio with: one press gives an image and a prompt."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources
from pathlib import PurePath

import streamlit as st

from dashboard import drawn_once
from dashboard.components.create_draft import IMAGE, PROMPT, UPLOADS, choose_image
from dashboard.services import services


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


def _show(sample: Sample) -> None:
    st.image(sample.card, width="stretch", alt=sample.title)
    st.caption(sample.title)


def sample_picker() -> None:
    """A strip of cards, each with one button."""
    samples = load_samples()
    for number, (column, sample) in enumerate(zip(st.columns(len(samples)), samples, strict=True)):
        with column.container(gap="xsmall"):
            drawn_once.show(f"sample {sample.file}", partial(_show, sample))
            st.button(
                "Use this",
                key=f"sample_{number}",
                help=sample.prompt,
                on_click=use_sample,
                args=(number,),
                width="stretch",
            )
