"""Passwords: what is accepted, how it is hashed, and how it is checked.

Hashes are argon2id with the library's parameters, those of RFC 9106 for machines with little
memory. Functions here take about a tenth of a second of CPU on purpose; call them off the event
loop.
"""

from __future__ import annotations

import secrets
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

SHORTEST = 12
"""Characters of the shortest password; long ones beat odd ones (NIST SP 800-63B, 3.1.1)."""
LONGEST = 256

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The argon2id hash to keep in place of a password."""
    return _hasher.hash(_normal(password))


def verify(argon2_hash: str | None, password: str) -> bool:
    """Whether `password` is the one behind the hash; never for None.

    None takes as long as any hash, so that the answer's time says nothing about who exists.
    """
    try:
        matches = _hasher.verify(argon2_hash or _nobodys_hash(), _normal(password))
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return matches and argon2_hash is not None


def is_outdated(argon2_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(argon2_hash)


def problem_with(password: str) -> str | None:
    """Why this can't become a password, in a person's words; None when it can."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters. A few words in a row are easy to remember."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if len(set(password)) < 5:
        return "Use more different characters."
    return None


def _normal(password: str) -> str:
    # The same letters typed on two keyboards can be different code points (NIST SP 800-63B, 3.1.1).
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))
