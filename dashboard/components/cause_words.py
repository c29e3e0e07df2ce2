"""Why money was wasted, in words."""

from __future__ import annotations

from storage.models import FailureCause

STOPPED, REJECTED = "stopped", "rejected"

_WORDS = {
    FailureCause.REFUSED_PROMPT: "Prompt refused",
    FailureCause.REFUSED_START_IMAGE: "Start image refused",
    FailureCause.REFUSED_END_IMAGE: "End image refused",
    FailureCause.REFUSED_OUTPUT: "Video refused by moderation",
    FailureCause.BAD_INPUT: "Input that fal can't use",
    FailureCause.PROVIDER_DOWN: "fal was down",
    FailureCause.TIMEOUT: "Took too long",
    FailureCause.STORAGE: "Could not be stored",
    FailureCause.MEDIA: "Broken video",
    FailureCause.OUR_BUG: "A mistake of ours",
    STOPPED: "Stopped by a person",
    REJECTED: "Rejected in review",
}


def reason_words(reason: str) -> str:
    """A failure's cause, or another reason of waste."""
    return _WORDS.get(reason, reason.replace("_", " ").capitalize())
