"""One way to log for every process: a JSON object a line on stderr, with what is bound to it.

Each line says which process it is from. Steps bind `generation`, `attempt` and `person` with
`structlog.contextvars`, so that every line below carries them. Secrets are never bound, and what
looks like one (`storage.redaction`) is taken out of every line, whoever logged it.
"""

from __future__ import annotations

import logging
import sys

import structlog

from storage.redaction import redact_event

QUIET = (
    *("httpx", "httpcore", "rq", "fal_client", "urllib3", "hpack", "h2"),
    "uvicorn.access",  # `/metrics` counts; a line each would only name people's machines
)
"""Libraries that log every request, with its address, at INFO."""
OWN_HANDLERS = ("streamlit", "uvicorn", "uvicorn.error", "uvicorn.access")
"""Libraries that would write lines of their own kind beside ours."""

_process = ""
"""Not a context variable: those of the thread that sets them are unknown to every other."""


def name_process(process: str) -> None:
    """Log as `process` from now on, in every thread."""
    global _process
    _process = process


def configure_logs(process: str, level: str = "INFO") -> None:
    """Log as `process`; lines below `level` are dropped."""
    name_process(process)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_process,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    _log_through(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact_event,
                structlog.processors.JSONRenderer(),
            ],
        ),
        level,
    )


def _log_through(formatter: logging.Formatter, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in OWN_HANDLERS:
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def _add_process(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    event["process"] = _process
    return event
