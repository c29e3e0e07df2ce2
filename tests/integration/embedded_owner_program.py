"""Owns a data folder as `studio up` does, until SIGTERM: `python embedded_owner_program.py FOLDER`.

Both servers run in it, and one child that ignores SIGTERM and has started a program of its own.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from storage.embedded.children import Supervisor
from storage.embedded.endpoints import Endpoints, write_endpoints
from storage.embedded.folder import DataFolder
from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.valkey import EmbeddedValkey

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"


def main(path: Path) -> None:
    """Run until SIGTERM; the endpoints are written when all is up."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    folder = DataFolder(path)
    with folder.own():
        postgres = EmbeddedPostgres(folder.postgres, folder.log("postgres"))
        valkey = EmbeddedValkey(folder.valkey, folder.log("valkey"))
        supervisor = Supervisor(grace_s=0.5)
        child = [sys.executable, "-c", STUBBORN]
        supervisor.add("child", child, env=os.environ, log=folder.log("child"))
        try:
            postgres.start()
            valkey.start()
            supervisor.watch(postgres)
            supervisor.watch(valkey)
            supervisor.start(stop)
            urls = {"database_url": postgres.url, "redis_url": valkey.url}
            write_endpoints(folder, Endpoints(pid=os.getpid(), **urls))
            supervisor.run(stop)
        finally:
            valkey.stop()
            postgres.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
