"""What the doctor checks of the warehouse: that it agrees with itself and with the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.bootstrap import Services
from jobs.checks import Check, shortened, told
from storage.errors import SettingsError, StudioError
from storage.warehouse.lake import Lake

# Many import this, few check: DuckDB, Arrow and ADBC are imported at the first check.
if TYPE_CHECKING:
    from storage.warehouse.checking import Contradiction

ITSELF = "the warehouse agrees with itself"
RECORD = "the warehouse equals the record to the cent"
NONE_YET = "the warehouse: there is none yet, the watcher makes it"


def warehouse_checks(services: Services) -> list[Check]:
    """The checks of the lake; one that says so where there is none, which is no fault."""
    try:
        contradictions = _contradictions(services)
    except StudioError as exc:
        return [Check("the warehouse can be read", told(exc))]
    if contradictions is None:
        return [Check(NONE_YET, [])]
    itself, record = contradictions
    return [Check(ITSELF, _words(itself)), Check(RECORD, _words([record]))]


def _contradictions(services: Services) -> tuple[list[Contradiction], Contradiction] | None:
    from storage.warehouse.checking import Checking

    url = services.settings.database_url
    if url is None:
        raise SettingsError("No database is configured.")
    folder = services.warehouse.folder
    manifest = Lake(folder).manifest()
    if manifest is None:
        return None
    checking = Checking(folder, manifest)
    return checking.with_itself(), checking.with_record(url)


def _words(contradictions: list[Contradiction]) -> list[str]:
    problems = [
        f"{rule.rule} {what}: {problem}." for rule in contradictions for what, problem in rule.rows
    ]
    return shortened(problems)
