"""The way back from a locked account while nothing is queued that would try the door.

A queue with something in it tries by itself: one submit a minute goes out as the probe (see
`claim_submit`). Without one, whoever comes next would be told of a lock that may long be over.
"""

from __future__ import annotations

import structlog

from jobs.bootstrap import Services
from jobs.errors import FalAccountLocked, FalError
from jobs.submitting import PROBE_AFTER_S
from storage.records import attempts

log = structlog.get_logger(__name__)


def probe_account(services: Services) -> bool:
    """Try the account when a probe is due and nothing is queued; True: it works again.

    The probe is a file of a few bytes: a locked account may upload nothing, every submit begins
    with an upload, and it costs nothing. Should fal refuse submits all the same, the next one
    locks the account again.
    """
    with services.database.as_service() as tx:
        if not attempts.claim_probe(tx, probe_after_s=PROBE_AFTER_S):
            return False
    try:
        services.fal.upload(b"probe", "text/plain", "probe.txt")
    except FalAccountLocked as exc:
        with services.database.as_service() as tx:
            attempts.lock_account(tx, exc.detail or exc.happened, probe_after_s=PROBE_AFTER_S)
        return False
    except FalError as exc:
        log.warning("locked account not probed", error=str(exc))
        return False
    with services.database.as_service() as tx:
        unlocked = attempts.unlock_account(tx)
    log.info("account at fal works again")
    return unlocked
