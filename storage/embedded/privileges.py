"""Runs programs that refuse to run as root, when we are root."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from storage.errors import ServiceStartFailed


@dataclass(frozen=True)
class Account:
    """Whom a program runs as: what stands before its command line, and who must own its files."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    forgets_its_owner: bool = False
    """Whether the change of user clears the parent-death signal (prctl(2)), so it is set anew."""

    def command(self, argv: list[str], on_owner_death: Signals) -> list[str]:
        """The command line that runs `argv` as this account."""
        again = ("--pdeathsig", on_owner_death.name.removeprefix("SIG"))
        return [*self.prefix, *(again if self.forgets_its_owner else ()), *argv]

    def take(self, path: Path) -> None:
        """Make the account own `path` and everything below it, when it does not yet."""
        if os.geteuid() != 0 or path.stat().st_uid == self.uid:
            return
        # The top goes last: a take that was cut short is begun again.
        for folder, _, names in os.walk(path, topdown=False):
            for name in names:
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)
            os.chown(folder, self.uid, self.gid)


def unprivileged_account() -> Account:
    """An account that is not root: ourselves, or root in a user namespace, or another user.

    Raises:
        ServiceStartFailed: we are root and the machine allows neither of the other two.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for account in (_in_user_namespace(), _as_nobody()):
        if _works(account):
            return account
    raise ServiceStartFailed(
        "Postgres refuses to run as root, and this machine lets us neither make a user namespace "
        "(unshare) nor change the user (setpriv).",
        todo="Run the studio as an ordinary user, or set DATABASE_URL.",
    )


def _in_user_namespace() -> Account:
    """Inside, the program is the user nobody; outside it is root and reaches every folder."""
    nobody = pwd.getpwnam("nobody")
    mapping = (f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}")
    return Account(0, 0, ("unshare", "--user", *mapping))


def _as_nobody() -> Account:
    """Containers often forbid namespaces. Then the program runs as nobody, with the one right to
    reach folders that only root may enter: the checkout may lie in root's home.
    """
    nobody = pwd.getpwnam("nobody")
    user = (f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups")
    reach = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")
    prefix = ("setpriv", *user, *reach)
    return Account(nobody.pw_uid, nobody.pw_gid, prefix, forgets_its_owner=True)


def _works(account: Account) -> bool:
    probe = account.command(["true"], Signals.SIGKILL)
    try:
        return subprocess.run(probe, capture_output=True, timeout=10, check=False).returncode == 0
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
