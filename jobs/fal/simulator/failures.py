"""The errors that fal answers with, in its two formats.

A model's error has a list under `detail` (fal docs, Model APIs, Errors); the platform's has one
sentence there and an `error_type` (fal docs, Model APIs, Request errors).
"""

from __future__ import annotations

from typing import Any

from jobs.fal.simulator.state import Failure

LOCKED = {
    "detail": "User is locked. Reason: Exhausted balance. Top up your balance at "
    "fal.ai/dashboard/billing."
}
UNKNOWN_KEY = {"detail": "No user found for Key ID and Secret"}
NO_KEY = {"detail": "Authentication is required to access this application."}
NOT_FOUND = {"detail": "Request not found"}
_LIKENESS = "The images or videos provided may contain likenesses of real people"
_POLICY = "content_policy_violation"
_PARTNER = {"extra_info": {"reason": "partner_validation_failed"}}

# Where each refusal points and what it says, as seen on the Seedance endpoints.
_REFUSALS = {
    "refuse_prompt": ("prompt", "The prompt was refused by the content checker"),
    "refuse_start_image": ("image_url", _LIKENESS),
    "refuse_end_image": ("end_image_url", _LIKENESS),
    "refuse_output": ("generated_video", "Output video has sensitive content."),
    "refuse_output_billed": ("generated_video", "Output video has sensitive content."),
}
AFTER_THE_RUN = frozenset(
    {"refuse_output", "refuse_output_billed", "result_500", "generation_timeout", "runner_gone"}
)
"""Faults that show only when the whole time of a run has passed; the others show soon."""


def problem(
    field: str, kind: str, message: str, value: object, ctx: dict[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of a model error's `detail`, about the input's `field` ("": all of it)."""
    entry = {
        "loc": ["body", field] if field else ["body"],
        "msg": message,
        "type": kind,
        "url": f"https://docs.fal.ai/errors#{kind}",
        "input": value,
    }
    return entry if ctx is None else entry | {"ctx": ctx}


def model_failure(
    problems: list[dict[str, Any]], status_code: int = 422, units: str | None = "0"
) -> Failure:
    """A model's error; `units` are the billing units it reports (None: none reported)."""
    headers = {"X-Fal-Needs-Retry": "1" if status_code >= 500 else "0"}
    return Failure(
        status_code=status_code,
        body={"detail": problems},
        error=problems[0]["msg"],
        error_type=problems[0]["type"],
        headers=headers if units is None else headers | {"X-Fal-Billable-Units": units},
    )


def platform_failure(status_code: int, error_type: str, message: str, **headers: str) -> Failure:
    """The platform's own error; `headers` with underscores in place of dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Failure(
        status_code=status_code,
        body={"detail": message, "error_type": error_type},
        error=message,
        error_type=error_type,
        headers={"X-Fal-Error-Type": error_type, **named},
    )


def start_timeout() -> Failure:
    """The request did not start before the deadline that its submit named."""
    return platform_failure(
        504, "request_timeout", "Request timed out", X_Fal_Request_Timeout_Type="user"
    )


def cancelled() -> Failure:
    """The request was cancelled."""
    return platform_failure(499, "client_cancelled", "Request was cancelled by the client")


def unreadable_image(field: str, value: object) -> dict[str, Any]:
    """The entry of `detail` for an image that is there and can't be decoded."""
    message = "Failed to load the image. Please ensure the image file is not corrupted."
    return problem(field, "image_load_error", message, value)


def broken_model(given: dict[str, Any]) -> Failure:
    """The model broke down on this input."""
    entry = problem("", "internal_server_error", "Internal server error", given)
    return model_failure([entry], 500, None)


def failure_of(name: str, given: dict[str, Any], units: str) -> Failure | None:
    """The error that the run fault `name` makes of the input `given`; None when it makes none."""
    if name in _REFUSALS:
        field, message = _REFUSALS[name]
        billed = units if name == "refuse_output_billed" else "0"
        return model_failure(
            [problem(field, _POLICY, message, given.get(field), _PARTNER)], units=billed
        )
    if name == "bad_image":
        return model_failure([unreadable_image("image_url", given.get("image_url"))])
    if name == "result_500":
        return broken_model(given)
    if name == "generation_timeout":
        return model_failure([problem("", name, "Generation timeout", given)], 504, None)
    if name == "runner_gone":
        return platform_failure(503, "runner_disconnected", "Runner disconnected")
    return None
