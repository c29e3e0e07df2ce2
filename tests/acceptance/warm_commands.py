"""Runs `studio` commands as forks of a process that has imported them.

Each command is a process of its own, with its own folder, environment, input and output. Only the
1.5 s of CPU that Python takes to import it are spent once rather than for each of a hundred.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from dashboard.cli.main import COMMANDS, main

LONGEST_S = 100
RELATED = ("jobs.watcher", "jobs.worker_host", "jobs.fal.simulator.server")
"""What commands import when they are called."""


@dataclass(frozen=True)
class Ran:
    """What a command said when it had ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object that it printed."""
        answer: dict[str, Any] = json.loads(self.out)
        return answer


class Commands:
    """A process that forks for each command."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def run(self, words: tuple[str, ...], *, cwd: Path, env: dict[str, str], say: str) -> Ran:
        """Run one command to its end; one that takes longer than 100 s is ended."""
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: str(Path(folder) / name) for name in ("stdin", "stdout", "stderr")}
            Path(paths["stdin"]).write_text(say)
            order = {"words": words, "cwd": str(cwd), "env": env, **paths}
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            code = int(self._process.stdout.readline())
            return Ran(code, Path(paths["stdout"]).read_text(), Path(paths["stderr"]).read_text())

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)


def serve() -> None:
    """Fork for each order that arrives, until there are no more."""
    for name in [*(module for module, _ in COMMANDS.values()), *RELATED]:
        import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            become(json.loads(line))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def become(order: dict[str, Any]) -> None:
    """Be the command; never returns."""
    signal.alarm(LONGEST_S)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_RDONLY if name == "stdin" else os.O_WRONLY | os.O_CREAT
        os.dup2(os.open(order[name], flags, 0o600), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 (the former one has read ahead)
    sys.argv = ["studio", *order["words"]]
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve()
