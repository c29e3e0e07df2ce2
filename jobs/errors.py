"""The errors of the workshop.

StudioError (storage.errors)
├── InvalidRequest           the person corrects the inputs it names
├── NotAllowed               this person may not do this
├── TooManySubmits           this person submits too fast; says when the next may come
├── BudgetExceeded           a budget has no room; says which, what is free, when it resets
├── IllegalTransition        the generation is no longer in a state that allows this
├── ShareEnded               a link for guests has expired, was revoked, or its video is gone
├── WorkbenchError           a question of an analyst
│   ├── QueryRefused         it is no single SELECT over the tables: change it
│   ├── QueryFailed          DuckDB could not run it: correct it
│   ├── QueryTooLong         it ran out of time
│   ├── QueryTooLarge        it needs more memory, disk or room than one may take
│   ├── QueryStopped         whoever asked stopped it
│   ├── QueryCrashed         its process ended, which is no fault of the record's
│   └── WorkbenchBusy        too many run at once: ask again
├── CatalogError             an operator corrects the model catalogue
├── AlertNotDelivered        a receiver of alerts did not take a message: it is sent again
├── UnforeseenFault          a mistake of ours in a step: tried again, then failed as our bug
├── FalError                 what fal answered, by what the caller can do
│   ├── FalRefused           moderation refused an input or the output: change it
│   ├── FalBadInput          fal can't use an input: correct it
│   ├── FalAccountLocked     pause the queue, tell an administrator
│   ├── FalUnavailable       nothing was booked: try again later
│   ├── FalTimedOut          fal gave up on the request
│   ├── FalGenerationFailed  the model failed for good: a new submit may work
│   ├── FalCanceled          it was canceled before it finished
│   ├── FalNotFinished       asked too early: ask again
│   ├── FalWebhookInvalid    not from fal, or too late: drop it
│   ├── FalResultGone        the request or its file is no longer there
│   └── FalOutcomeUnknown    the POST may have been booked: never send it again
└── MediaError               a file
    ├── BrokenVideo          not a playable video
    ├── MediaTooLarge        beyond the limit
    ├── DiskUnusable         our own disk is full or refuses a file: tried again
    └── MediaToolFailed      ffmpeg failed or ran out of time
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from storage.errors import StudioError
from storage.models import FailureCause


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field of a request, in a marketer's words."""

    field: str
    message: str


class InvalidRequest(StudioError):
    """The request can't be made as it is; `problems` lists everything wrong with it at once."""

    def __init__(
        self,
        problems: list[Problem],
        *,
        todo: str = "Correct what is named and press Generate again.",
    ) -> None:
        super().__init__(" ".join(problem.message for problem in problems), todo=todo)
        self.problems = problems


class NotAllowed(StudioError):
    """This person's role does not include this action."""


class TooManySubmits(StudioError):
    """This person submits faster than the limit; an HTTP route answers 429 with `Retry-After`.

    `retry_after_s` is how many whole seconds it takes until the next submit is let in.
    """

    def __init__(self, most: int, *, retry_after_s: int) -> None:
        super().__init__(
            f"You have submitted {most} times within a minute, which is the limit.",
            todo=f"Submit again in {retry_after_s} s; what is on this page is kept.",
        )
        self.retry_after_s = retry_after_s


class BudgetExceeded(StudioError):
    """A budget has no room for this generation; `budget` names it, `free_usd` is what is left."""

    def __init__(self, happened: str, *, budget: str, free_usd: Decimal, todo: str) -> None:
        super().__init__(happened, todo=todo)
        self.budget = budget
        self.free_usd = free_usd


class IllegalTransition(StudioError):
    """The generation has moved on and its status no longer allows this change."""


class ShareEnded(StudioError):
    """A link for guests that no longer works; an HTTP route answers 410 and never says why."""

    def __init__(self) -> None:
        super().__init__(
            "This link no longer works.", todo="Ask whoever sent it to you for a new one."
        )


class WorkbenchError(StudioError):
    """A question of an analyst was not answered; the next one will be."""

    def __init__(self, happened: str, *, todo: str = "") -> None:
        super().__init__(happened, todo=todo, cost="")


class QueryRefused(WorkbenchError):
    """The text is not one SELECT over the tables, or asks for what no question may do."""


class QueryFailed(WorkbenchError):
    """DuckDB could not run the question; `happened` is what it says about it."""

    def __init__(self, happened: str) -> None:
        super().__init__(happened, todo="Correct it and run it again.")


class QueryTooLong(WorkbenchError):
    """The question ran out of time and was ended."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The question ran longer than {seconds:g} seconds and was ended.",
            todo="Ask for fewer days, or use a roll-up such as `cells_model`.",
        )


class QueryTooLarge(WorkbenchError):
    """The question needs more memory or disk than one may take, or a row is too large to show.

    `what` is `memory`, `disk` or `row`; `most_mb` what one may have of it.
    """

    def __init__(self, what: str, most_mb: int) -> None:
        words = {
            "memory": f"The question needs more than {most_mb:,} MB of memory, all one may take.",
            "disk": f"The question sorts or joins more than {most_mb:,} MB on disk, all one may "
            "take.",
            "row": f"One row is larger than {most_mb:,} MB, all an answer may have.",
        }
        todo = {"row": "Shorten its texts and lists, or ask for their length."}
        usual = "Ask for fewer days or columns, or use a roll-up such as `cells_model`."
        super().__init__(words[what], todo=todo.get(what, usual))


class QueryStopped(WorkbenchError):
    """Whoever asked stopped the question."""

    def __init__(self) -> None:
        super().__init__("You stopped the question.", todo="Run it again any time.")


class QueryCrashed(WorkbenchError):
    """The process that answered ended by itself; another takes its place."""

    def __init__(self) -> None:
        super().__init__(
            "The question broke the process that answers, and it was replaced.",
            todo="Ask it in another way; if it happens again, tell an administrator.",
        )


class WorkbenchBusy(WorkbenchError):
    """Too many questions run at once, or one of this person does."""

    def __init__(self, happened: str) -> None:
        super().__init__(happened, todo="Wait some seconds and run it again.")


class CatalogError(StudioError):
    """The model catalogue can't be read or contradicts itself; an operator corrects it."""


class AlertNotDelivered(StudioError):
    """A receiver of alerts did not take a message; its words never hold the receiver's address."""


class UnforeseenFault(StudioError):
    """A step failed in a way nobody foresaw; the log has the whole story."""

    def __init__(self, exc: Exception) -> None:
        super().__init__(
            "Something went wrong on our side.",
            todo="Try again; if it happens again, tell an administrator.",
        )
        self.__cause__ = exc


class FalError(StudioError):
    """What fal answered, sorted by what the caller can do about it.

    `billable_units` is what fal says it bills for the request (None: it did not say).
    """

    def __init__(
        self,
        happened: str,
        *,
        todo: str = "",
        cost: str = "Nothing was spent.",
        detail: str = "",
        billable_units: Decimal | None = None,
    ) -> None:
        super().__init__(happened, todo=todo, cost=cost)
        self.detail = detail
        self.billable_units = billable_units


class FalRefused(FalError):
    """Moderation refused the prompt, an image, or the finished video; `cause` says which."""

    def __init__(
        self,
        happened: str,
        *,
        cause: FailureCause,
        todo: str = "",
        detail: str = "",
        billable_units: Decimal | None = None,
    ) -> None:
        super().__init__(happened, todo=todo, detail=detail, billable_units=billable_units)
        self.cause = cause


class FalBadInput(FalError):
    """fal can't use an input (unreadable image, value out of range); the same input never works."""


class FalAccountLocked(FalError):
    """The key or account is refused (locked, no balance, bad key): nothing can be submitted."""


class FalUnavailable(FalError):
    """fal could not be reached or refused for now, and nothing was booked; later may work.

    `retry_after_s` is the wait fal asked for (None: it did not say).
    """

    def __init__(
        self, happened: str, *, retry_after_s: float | None = None, todo: str = "", detail: str = ""
    ) -> None:
        super().__init__(happened, todo=todo, detail=detail)
        self.retry_after_s = retry_after_s


class FalTimedOut(FalError):
    """fal did not start or finish the request in time and gave it up."""


class FalGenerationFailed(FalError):
    """fal could not make the video and says so for good: asking for the result again is no use.

    `retryable` is fal's own hint that a new submit may work.
    """

    cause = FailureCause.PROVIDER_DOWN

    def __init__(self, happened: str, *, retryable: bool, todo: str, detail: str) -> None:
        super().__init__(happened, todo=todo, detail=detail)
        self.retryable = retryable


class FalCanceled(FalError):
    """The request ended because it was canceled, here or in fal's own dashboard."""


class FalNotFinished(FalError):
    """The result was asked for before the request had ended; ask again later."""


class FalWebhookInvalid(FalError):
    """A webhook that does not come from fal, comes too late, or says nothing; drop it."""


class FalResultGone(FalError):
    """fal no longer has the request, its result or its file."""


class FalOutcomeUnknown(FalError):
    """The submit was sent and its answer was lost: it may have been booked.

    Never send it again. `request_id_hint` is an id seen in the headers of a damaged answer.
    """

    def __init__(
        self, happened: str, *, detail: str = "", request_id_hint: str | None = None
    ) -> None:
        super().__init__(
            happened,
            cost="It may have been booked; the money set aside stays set aside.",
            todo="The studio looks for it at fal. Do not submit it again yet.",
            detail=detail,
        )
        self.request_id_hint = request_id_hint


class MediaError(StudioError):
    """A file could not be read or made."""


class BrokenVideo(MediaError):
    """The file is not a playable video."""


class MediaTooLarge(MediaError):
    """The file is beyond the limit for its kind."""


class DiskUnusable(MediaError):
    """A worker's own disk is full or refuses a file: the file is in order, and is tried again."""


class MediaToolFailed(MediaError):
    """ffmpeg failed or ran out of time; `detail` holds the end of what it printed."""

    def __init__(self, happened: str, *, detail: str = "") -> None:
        super().__init__(happened)
        self.detail = detail
