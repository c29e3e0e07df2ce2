"""Lets this process see only a few folders, by Linux's Landlock, which needs no rights.

docs.kernel.org/userspace-api/landlock.html. The rule holds for this thread and those it starts
later, so it is set before any other is started, and can't be taken back. Where the kernel has none
the other fences stand alone.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, alike on x86-64 and arm64
_VERSION, _PATH_BENEATH = 1, 1
_NO_NEW_PRIVS = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_READ = _READ_FILE | _READ_DIR
_ALL_BY_ABI = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))


def restrict(readable: Iterable[str], writable: Iterable[str]) -> int:
    """Close everything but these files and folders, and TCP.

    The version of Landlock; 0 where there is none.

    Raises:
        OSError: the kernel has Landlock and refused the rules.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    abi = int(libc.syscall(_CREATE, None, 0, _VERSION))
    if abi < 1:
        return 0
    files = sum(bits for since, bits in _ALL_BY_ABI if abi >= since)
    network = 3 if abi >= 4 else 0
    scoped = 3 if abi >= 6 else 0  # no abstract sockets of, no signals to, others
    attributes = struct.pack("QQQ", files, network, scoped)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = _checked(libc.syscall(_CREATE, attributes, size, 0))
    for path in readable:
        if os.path.exists(path):
            _allow(libc, rules, path, _READ if os.path.isdir(path) else _READ_FILE)
    for path in writable:
        _allow(libc, rules, path, files)
    _checked(libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(_RESTRICT, rules, 0))
    os.close(rules)
    return abi


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, descriptor)
        _checked(libc.syscall(_ADD, rules, _PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock refused the rules")
    return result
