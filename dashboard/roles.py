"""Which pages each role has, and where it begins.

The pages of a role are what its navigation offers; what a person may see or change is decided by
the record's row-level security and by the use cases, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.admission import SUBMITTING_ROLES
from jobs.analytics import FIGURES_ROLES, WORKBENCH_ROLES
from storage.models import Role

_EVERYBODY = frozenset(Role)
FIGURES = "Figures"
"""The menu of what managers and analysts read."""


@dataclass(frozen=True)
class PageEntry:
    """One page of the navigation; its address is `/` and `name`."""

    name: str
    title: str
    icon: str
    """A Material symbol, as Streamlit writes it."""
    about: str
    """Shown when the pointer rests on the navigation entry."""
    roles: frozenset[Role]
    section: str = ""
    """The menu that holds it; empty: it stands by itself."""
    listed: bool = True
    """Whether the navigation offers it; the others are reached by links from pages."""

    @property
    def file(self) -> str:
        """The page's script, beside the frame."""
        return f"app_pages/{self.name}.py"


CREATE = PageEntry(
    "create",
    "Create",
    ":material/auto_awesome:",
    "Turn a product image and a prompt into a video. See the price first.",
    SUBMITTING_ROLES,
)
QUEUE = PageEntry(
    "queue",
    "Queue",
    ":material/pending_actions:",
    "Follow generations from submit to video, stop them, and see why one failed.",
    SUBMITTING_ROLES,
)
GALLERY = PageEntry(
    "gallery",
    "Gallery",
    ":material/video_library:",
    "The team's finished videos: find, play, download.",
    _EVERYBODY,
)
COMPARE = PageEntry(
    "compare",
    "Compare",
    ":material/compare:",
    "Two to four videos in step, side by side or with a wipe.",
    _EVERYBODY,
    listed=False,
)
MY_MONTH = PageEntry(
    "my_month",
    "My month",
    ":material/calendar_month:",
    "What you made this month, what came of it, what it cost, and what you may still spend.",
    SUBMITTING_ROLES,
)
COSTS = PageEntry(
    "costs",
    "Costs",
    ":material/payments:",
    "What was spent, whether it is on track, why it changed, and what came of it.",
    FIGURES_ROLES,
    section=FIGURES,
)
USAGE = PageEntry(
    "usage",
    "Usage",
    ":material/group:",
    "Who uses the studio, what comes of it, and who stays.",
    FIGURES_ROLES,
    section=FIGURES,
)
LATENCY = PageEntry(
    "latency",
    "Latency",
    ":material/speed:",
    "How long videos take, where the time goes, when it is slow, and what fails.",
    FIGURES_ROLES,
    section=FIGURES,
)
WORKBENCH = PageEntry(
    "workbench",
    "Workbench",
    ":material/terminal:",
    "Ask the figures in SQL: tables, charts, files, saved queries.",
    WORKBENCH_ROLES,
    section=FIGURES,
)
BUDGETS = PageEntry(
    "budgets",
    "Budgets",
    ":material/account_balance_wallet:",
    "What is spent, held and free, and the limits that stop spending.",
    frozenset({Role.MANAGER, Role.ADMIN}),
)
ALERTS = PageEntry(
    "alerts",
    "Alerts",
    ":material/notifications:",
    "What needs somebody now, what is over, and who was told.",
    frozenset({Role.MANAGER, Role.ADMIN}),
)
ACCOUNT = PageEntry(
    "account",
    "Account",
    ":material/account_circle:",
    "Who you are here, your password, and signing out.",
    _EVERYBODY,
)

PAGES = (
    CREATE,
    QUEUE,
    GALLERY,
    COMPARE,
    MY_MONTH,
    COSTS,
    USAGE,
    LATENCY,
    WORKBENCH,
    BUDGETS,
    ALERTS,
    ACCOUNT,
)

ROLE_WORDS = {  # what a person can do here
    Role.MEMBER: "Make videos, follow them, and see the team's gallery.",
    Role.MANAGER: "Make videos, and see the team's generations and money.",
    Role.ANALYST: "See videos and figures. Analysts make no videos.",
    Role.ADMIN: "Everything.",
}


def pages_for(role: Role) -> list[PageEntry]:
    """The pages that a role has, in the order of the navigation; some are not listed there."""
    return [page for page in PAGES if role in page.roles]


def landing_for(role: Role) -> PageEntry:
    """Where a role begins: the first of its pages."""
    return pages_for(role)[0]
