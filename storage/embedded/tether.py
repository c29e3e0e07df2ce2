"""Runs a program that ends with its owner: `python tether.py OWNER SIGNAL PROGRAM [ARGUMENT ...]`.

The kernel sends SIGNAL to the program when the thread that started it ends, also after `kill -9`
(Linux, prctl(2), PR_SET_PDEATHSIG; the setting survives execve(2)). Other systems have nothing like
it; there the next start takes over what was left behind.

A program of its own, and not a `preexec_fn`: Python code between fork and exec can deadlock when
the owner has threads. It imports nothing of the studio, so that it costs a few milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main(owner: int, death_signal: int, argv: list[str]) -> None:
    """Tie this process to `owner` and become the program `argv`; never returns."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != owner:
        # The owner ended before the line above: nobody would ever send the signal.
        sys.exit(f"{argv[0]} was not started: its owner {owner} has ended.")
    os.execvp(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
