"""A worker that is to answer a bell with what does not end: `worker_program.py REDIS_URL`."""

from __future__ import annotations

import sys

from pydantic import SecretStr

import jobs.worker
from jobs.bells import Bell, Bells


def main(url: str) -> None:
    """Answer one bell with what does not end."""
    bells = Bells(SecretStr(url))
    queue = bells.queue(Bell.MEDIA)
    queue.enqueue("time.sleep", 3600, job_timeout=3600)
    jobs.worker.HUNG_AFTER_S = 0.2
    worker = jobs.worker.StudioWorker([queue], connection=bells.redis)
    worker.work(logging_level="WARNING", max_jobs=1)


if __name__ == "__main__":
    main(sys.argv[1])
