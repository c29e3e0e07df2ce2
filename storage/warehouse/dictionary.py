"""The data dictionary: every relation and column that readers of the warehouse find, in words.

`docs/data-dictionary.md` is this text; a test compares the two.
"""

from __future__ import annotations

from storage.warehouse.relations import DATASETS, SMALL, Relation, marts, rollups, staged

_HEAD = """\
# Data dictionary

What the warehouse has, for the workbench, for `studio warehouse sql` and for tools outside. This
page is made from the headers of `sql/duckdb/`: change those, then run
`studio warehouse dictionary > docs/data-dictionary.md`.

Times are UTC. A `day` is a day in the company's time zone. Money is in US dollars, in columns that
end in `_usd`; durations end in `_s`, in seconds. Whoever asks finds the rows of their role only.
"""
_PARTS = {
    "Facts": "One row for each thing that happened.",
    "Names and holds": "Small tables beside the facts, as they are now.",
    "Roll-ups": "Counted ready for each day: quick over any period.",
    "Views": "Worked out from the facts when they are asked.",
}


def dictionary_text() -> str:
    """The whole page, as Markdown."""
    facts = [staged()[name] for name in DATASETS]
    small = [staged()[name] for name in SMALL]
    groups = (facts, small, list(rollups().values()), list(marts().values()))
    parts = [
        f"\n## {title}\n\n{words}\n" + "".join(map(_relation_text, group))
        for (title, words), group in zip(_PARTS.items(), groups, strict=True)
    ]
    return _HEAD + "".join(parts)


def _relation_text(relation: Relation) -> str:
    rows = "".join(f"| `{name}` | {words} |\n" for name, words in relation.columns.items())
    return (
        f"\n### {relation.name}\n\n{relation.query.description} Grain: {relation.grain}.\n\n"
        f"| column | meaning |\n|---|---|\n{rows}"
    )
