"""Receivers of alerts: the addresses of the setting, and the one place that speaks to apprise.

An address is a secret: it holds passwords and tokens. It is never logged, shown or kept in the
record; a receiver is known by the name of its service. apprise writes addresses into its own log,
so that log goes nowhere (apprise docs, Development, API).
"""

from __future__ import annotations

import logging
import re
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

from pydantic import SecretStr

from jobs.alert_words import Letter, trial_letter
from jobs.bootstrap import Services
from jobs.errors import AlertNotDelivered, NotAllowed
from storage.models import Person, Role
from storage.settings import Settings

if TYPE_CHECKING:
    from apprise import Apprise

LONGEST_SEND_S = 15.0
"""After this a receiver that does not answer counts as one that did not take the message."""
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][\w+.-]*://)")
"""Only what begins like an address begins one: addresses themselves may hold commas."""
_HTTP_ERROR = re.compile(r"\berror=(\d{3})\b")
_UNREADABLE = "Unreadable address"
_COMMON_NAMES = {
    "E-Mail": "E-mail",
    "JSON": "Webhook",
    "Form": "Webhook",
    "XML": "Webhook",
    "Power Automate / Workflows (for MSTeams)": "Teams",
}
"""Services that people know by another name than apprise's."""

logging.getLogger("apprise").propagate = False
logging.getLogger("apprise").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Receiver:
    """Somebody to tell: the name of the service, numbered when there are several of one."""

    name: str
    url: SecretStr


@dataclass(frozen=True)
class Tried:
    """What came of sending to one receiver."""

    receiver: str
    problem: AlertNotDelivered | None
    """None: it took the message."""


def split_urls(urls: SecretStr | None) -> list[SecretStr]:
    """The addresses of the setting, separated by commas, spaces or new lines."""
    text = urls.get_secret_value().strip(", \t\r\n") if urls else ""
    return [SecretStr(url.strip()) for url in _BETWEEN.split(text) if url.strip()]


def receivers(settings: Settings) -> list[Receiver]:
    """Everybody to tell, in the order of the setting; empty when nobody is set."""
    seen: Counter[str] = Counter()
    found = []
    for url in split_urls(settings.alert_urls):
        name = _service_name(url)
        seen[name] += 1
        found.append(Receiver(name if seen[name] == 1 else f"{name} {seen[name]}", url))
    return found


def send(receiver: Receiver, letter: Letter) -> None:
    """Send one message to one receiver. Blocks, at most `LONGEST_SEND_S`.

    Raises:
        AlertNotDelivered: it did not take the message, or its address can't be read.
    """
    notifier = _notifier(receiver.url)
    if notifier is None:
        raise AlertNotDelivered(
            "An address in STUDIO_ALERT_URLS can't be read.",
            todo="Correct it: apprise's documentation has the form for each service.",
        )
    result = notifier.notify(
        letter.body,
        title=letter.title,
        notify_type=letter.kind,
        body_format="text",
        timeout=LONGEST_SEND_S,
    )
    if not result:
        raise _refused(receiver, [entry.message for entry in result.logs()])


def send_test(services: Services, person: Person) -> list[Tried]:
    """Send a test alert to every receiver at once, and tell what came of each.

    Raises:
        NotAllowed: this person is no administrator.
    """
    if person.role is not Role.ADMIN:
        raise NotAllowed("Only administrators send test alerts.", todo="Ask an administrator.")
    letter = trial_letter(services.settings, person.name)

    def attempt(receiver: Receiver) -> Tried:
        try:
            send(receiver, letter)
        except AlertNotDelivered as exc:
            return Tried(receiver.name, exc)
        return Tried(receiver.name, None)

    everybody = receivers(services.settings)
    with ThreadPoolExecutor(max(1, len(everybody)), "test-alert") as pool:
        return list(pool.map(attempt, everybody))


def _refused(receiver: Receiver, words: list[str]) -> AlertNotDelivered:
    """Only a status code is taken from apprise's words: the rest may repeat the address."""
    codes = [found[1] for line in words if (found := _HTTP_ERROR.search(line))]
    why = f" (HTTP {codes[-1]})" if codes else ""
    return AlertNotDelivered(
        f"{receiver.name} did not take the message{why}.",
        todo="It is sent again by itself. If it goes on, check the address in STUDIO_ALERT_URLS.",
    )


@lru_cache(maxsize=64)
def _service_name(url: SecretStr) -> str:
    notifier = _notifier(url)
    if notifier is None:
        return _UNREADABLE
    name = str(notifier[0].service_name)
    return _COMMON_NAMES.get(name, name)


def _notifier(url: SecretStr) -> Apprise | None:
    """apprise with this one receiver; None when it can't read the address."""
    library = _library()
    asset = library.AppriseAsset(app_id="Seedance Studio", app_desc="Alerts")
    notifier = library.Apprise(asset=asset)
    return notifier if notifier.add(url.get_secret_value()) else None


@cache
def _library() -> ModuleType:
    """apprise with its services loaded, half a second that a studio without receivers never needs.

    Some of its services import modules that Python has deprecated, which is not ours to change.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        apprise.Apprise.instantiate("json://127.0.0.1")
    return apprise
