"""The simulator as a process: `serve` blocks until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from jobs.fal.simulator.app import build_app
from jobs.fal.simulator.connection import BreakableConnection
from jobs.fal.simulator.desk import Pace


def serve(
    folder: Path,
    host: str,
    port: int,
    seconds: float,
    concurrency: int = 10,
    render: str = "video",
    catalog_file: Path | None = None,
    stop_with_stdin: bool = False,
) -> None:
    """Serve the simulator at http://`host`:`port`/ until SIGTERM or SIGINT; its state is `folder`.

    A video takes about `seconds`; `concurrency` of them are made at once. With `render` "copy" all
    videos of a size and length are the same prepared one. With `stop_with_stdin` it also ends when
    its standard input is closed, so that it can't outlive whoever started it.

    Raises:
        CatalogError: the catalogue can't be used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pace = Pace(seconds, concurrency, copies=render == "copy")
    app = build_app(folder, pace, catalog_file)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BreakableConnection,
        ws="none",
        log_level="warning",
        access_log=False,
        backlog=4096,
        # As long as nginx keeps them: a client that reuses an idle connection must not lose a POST.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    # uvicorn raises the signal again when it is done; this makes that an ordinary end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(uvicorn.Server(config), stop_with_stdin))


async def _serve(server: uvicorn.Server, stop_with_stdin: bool) -> None:
    if stop_with_stdin:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _stop_when_closed, server)
    await server.serve()


def _stop_when_closed(server: uvicorn.Server) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        server.should_exit = True


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve with the options of a command line (None: this process's own)."""
    parser = argparse.ArgumentParser(prog="python -m jobs.fal.simulator.server")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--concurrency", type=int, default=10)
    parser.add_argument("--render", choices=("video", "copy"), default="video")
    parser.add_argument("--catalog-file", type=Path)
    parser.add_argument("--stop-with-stdin", action="store_true")
    serve(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
