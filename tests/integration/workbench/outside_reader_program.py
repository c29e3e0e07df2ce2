"""A tool outside the studio: `python outside_reader_program.py LAKE.SQL`.

Looks forty times at what was spent by two relations, and prints which sums it saw and which of them
differed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb


def main(views: str) -> None:
    """Look, and print."""
    seen, torn = set(), []
    with duckdb.connect() as tool:
        for _ in range(40):
            tool.execute(views)
            found = tool.execute(
                "select (select sum(charge_usd) from generations),"
                " (select sum(amount_usd) from charges)"
            ).fetchall()
            made, spent = map(str, found[0])
            seen.add(made)
            if made != spent:
                torn.append([made, spent])
    sys.stdout.write(json.dumps({"seen": sorted(seen), "torn": torn}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text())
