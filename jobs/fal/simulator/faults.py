"""The failures that can be switched on, and when each fires.

A fault is switched on by words in a prompt, `[fault:NAME]` or `[fault:slow_answer=3]`, so that a
person can try it in the app, or by `POST /_simulator/faults`, so that a test can.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from jobs.fal.simulator.state import State

DEFAULT_SLOW_ANSWER_S = 5.0
_WORD = re.compile(r"\[fault:([a-z0-9_]+)(?:=(\d+(?:\.\d+)?))?\]")


class Stage(StrEnum):
    """When a fault fires, and how long it lasts."""

    REFUSAL = "refusal"
    """At the submit; nothing is booked. By words it hits every other POST of the same prompt, so
    that a client that tries again gets through."""
    SUBMIT = "submit"
    """At the submit; the request is booked before the answer goes wrong (the worst case)."""
    RUN = "run"
    """Decided when the request is booked, and kept with it."""
    STATUS = "status"
    """At a status poll; by words at the first one of a request."""
    FILE = "file"
    """At a download of the video; by words at every one."""
    UPLOAD = "upload"
    """At an upload; `match` is compared with the file's name."""


FAULTS: dict[str, tuple[Stage, str]] = {
    "http_429": (Stage.REFUSAL, "429, nothing booked"),
    "locked_403": (Stage.REFUSAL, "403 `User is locked. Reason: Exhausted balance…`"),
    "bad_key_401": (Stage.REFUSAL, "401, the key is not known"),
    "drop_answer": (Stage.SUBMIT, "the connection closes before the first byte of an answer"),
    "reset": (Stage.SUBMIT, "the connection ends with a TCP reset"),
    "truncated_answer": (
        Stage.SUBMIT,
        "half of the body that Content-Length announces, then closed",
    ),
    "nginx_502": (Stage.SUBMIT, "502 with nginx's page"),
    "nginx_503": (Stage.SUBMIT, "503 with nginx's page"),
    "nginx_504": (Stage.SUBMIT, "504 with nginx's page"),
    "http_408": (Stage.SUBMIT, "408"),
    "http_409": (Stage.SUBMIT, "409"),
    "http_500": (Stage.SUBMIT, "500 `internal_error`"),
    "slow_answer": (Stage.SUBMIT, "the right answer, some seconds late (5 unless told)"),
    "html_200": (Stage.SUBMIT, "200 with a page of HTML in place of JSON"),
    "refuse_prompt": (Stage.RUN, "422 content_policy_violation at the prompt"),
    "refuse_start_image": (Stage.RUN, "422 content_policy_violation at the start image"),
    "refuse_end_image": (Stage.RUN, "422 content_policy_violation at the end image"),
    "refuse_output": (Stage.RUN, "422 content_policy_violation at the finished video, not billed"),
    "refuse_output_billed": (Stage.RUN, "the same, and the units are billed"),
    "bad_image": (Stage.RUN, "422 image_load_error at the start image"),
    "result_500": (Stage.RUN, "500 internal_server_error of the model"),
    "generation_timeout": (Stage.RUN, "504 generation_timeout of the model"),
    "runner_gone": (Stage.RUN, "503 runner_disconnected of the platform"),
    "never_completes": (Stage.RUN, "stays in progress until it is cancelled"),
    "start_timeout": (Stage.RUN, "504 as if the start deadline had passed in the queue"),
    "cancel_ignored": (
        Stage.RUN,
        "a cancel in progress is accepted, and the video made and billed",
    ),
    "result_gone": (Stage.RUN, "404 at the result"),
    "wrong_size": (Stage.RUN, "a video of a quarter of the pixels that were asked"),
    "units_missing": (Stage.RUN, "no X-Fal-Billable-Units at the result"),
    "units_negative": (Stage.RUN, "X-Fal-Billable-Units: -1"),
    "units_absurd": (Stage.RUN, "X-Fal-Billable-Units: 999999999"),
    "status_502": (Stage.STATUS, "502 with nginx's page at one status poll"),
    "result_missing_file": (Stage.FILE, "404 at the video's address"),
    "truncated_file": (Stage.FILE, "half of the video's bytes, then closed"),
    "not_a_video": (Stage.FILE, "a line of text that says it is video/mp4"),
    "upload_500": (Stage.UPLOAD, "500"),
    "upload_403_locked": (Stage.UPLOAD, "403 `User is locked. Reason: Exhausted balance…`"),
}


@dataclass(frozen=True)
class Fault:
    """A fault that fires now."""

    name: str
    seconds: float = DEFAULT_SLOW_ANSWER_S


class FaultBoard:
    """Says which faults hit a call, and counts down the ones that were switched on for a number."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._met: set[tuple[str, str]] = set()
        """Words that have had their turn: (what they were said about, fault)."""

    def refusal(self, prompt: str, endpoint: str) -> Fault | None:
        """The fault that keeps a submit from being booked."""
        for fault in _words(prompt, Stage.REFUSAL):
            if self._alternates(f"{endpoint} {prompt}", fault):
                return fault
        return self._armed(Stage.REFUSAL, prompt, endpoint)

    def answer(self, prompt: str, endpoint: str) -> Fault | None:
        """What goes wrong with the answer to a submit that is booked."""
        words = _words(prompt, Stage.SUBMIT)
        return words[0] if words else self._armed(Stage.SUBMIT, prompt, endpoint)

    def run(self, prompt: str, endpoint: str) -> list[str]:
        """Names of the faults that a request keeps for its life."""
        names = [fault.name for fault in _words(prompt, Stage.RUN)]
        armed = self._armed(Stage.RUN, prompt, endpoint)
        return [*names, armed.name] if armed else names

    def status(self, prompt: str, endpoint: str, request_id: str) -> Fault | None:
        """What goes wrong with a status poll."""
        for fault in _words(prompt, Stage.STATUS):
            if (request_id, fault.name) not in self._met:
                self._met.add((request_id, fault.name))
                return fault
        return self._armed(Stage.STATUS, prompt, endpoint)

    def file(self, prompt: str, endpoint: str) -> Fault | None:
        """What goes wrong with a download."""
        words = _words(prompt, Stage.FILE)
        return words[0] if words else self._armed(Stage.FILE, prompt, endpoint)

    def upload(self, file_name: str) -> Fault | None:
        """What goes wrong with an upload."""
        return self._armed(Stage.UPLOAD, file_name, None)

    def _alternates(self, about: str, fault: Fault) -> bool:
        turn = (about, fault.name)
        if turn in self._met:
            self._met.remove(turn)
            return False
        self._met.add(turn)
        return True

    def _armed(self, stage: Stage, text: str, endpoint: str | None) -> Fault | None:
        for armed in self._state.armed():
            here = armed["endpoint"] in (None, endpoint) and armed["match"] in text
            if here and FAULTS[armed["name"]][0] is stage:
                self._state.spend(armed["id"])
                return Fault(armed["name"], armed["seconds"])
        return None


def _words(prompt: str, stage: Stage) -> list[Fault]:
    """The faults of `stage` that the prompt asks for; names that nobody knows are only words."""
    return [
        Fault(name, float(seconds) if seconds else DEFAULT_SLOW_ANSWER_S)
        for name, seconds in _WORD.findall(prompt)
        if name in FAULTS and FAULTS[name][0] is stage
    ]
