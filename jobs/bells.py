"""The doorbells: RQ jobs that carry nothing and only say "there may be work".

What there is to do stands in Postgres. A lost bell is rung again by the watcher's sweep; a bell too
many finds nothing. So losing Redis loses time, never work, and ringing never raises.
"""

from __future__ import annotations

from enum import StrEnum

import structlog
from pydantic import SecretStr
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue

log = structlog.get_logger(__name__)

BELL_TIMEOUT_S = 900
"""Longest that one bell may keep a worker busy; above the longest collect or render."""
BELL_TTL_S = 600
"""A bell nobody heard for that long is worth nothing: the sweep rings again."""
MOST_BELLS = 200
"""Bells waiting in one queue; more would only be heard after the work is done."""


class Bell(StrEnum):
    """The queues; each worker process listens to one (RQ loses jobs of workers with several)."""

    SUBMIT = "submit"
    COLLECT = "collect"
    MEDIA = "media"


class Bells:
    """Rings workers through Redis."""

    def __init__(self, url: SecretStr) -> None:
        self.redis = Redis.from_url(
            url.get_secret_value(),
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 1),
        )

    def queue(self, bell: Bell) -> Queue:
        """The RQ queue behind a bell."""
        return Queue(bell.value, connection=self.redis)

    def ring(self, bell: Bell, times: int = 1) -> bool:
        """Ring; False when Redis can't be reached, which the sweep makes good."""
        try:
            queue = self.queue(bell)
            for _ in range(min(times, MOST_BELLS - queue.count)):
                queue.enqueue(
                    f"jobs.tasks.answer_{bell.value}",
                    job_timeout=BELL_TIMEOUT_S,
                    ttl=BELL_TTL_S,
                    result_ttl=0,
                    failure_ttl=BELL_TTL_S,
                )
        except RedisError as exc:
            log.warning("bell not rung", bell=bell.value, error=type(exc).__name__)
            return False
        return True

    def waiting(self, bell: Bell) -> int | None:
        """Bells that nobody has heard yet; None when Redis can't be reached."""
        try:
            return self.queue(bell).count
        except RedisError:
            return None

    def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def close(self) -> None:
        """Close the connections. Safe to repeat."""
        self.redis.close()
