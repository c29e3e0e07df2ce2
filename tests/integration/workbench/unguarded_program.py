"""The sandbox with its guard asleep, to see what the other fences hold by themselves."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from jobs.workbench import sandbox_process
from jobs.workbench.guard import Guard

setattr(Guard, "refusal", lambda _guard, _sql: None)  # noqa: B010
sandbox_process.main()
