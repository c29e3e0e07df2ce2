"""Says whether a text is one harmless SELECT over the tables of the workbench.

The second fence: the process that answers can't do harm either. This one also explains. What the
parser made of the text is judged by lists of what is allowed, so what a new version of DuckDB adds
is refused until somebody looks at it. Only functions that compute are judged by a list of what is
refused: there are a thousand of them.

Runs in the sandbox's process, so it imports nothing but DuckDB.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

MOST_CHARACTERS = 100_000
_EXPLAIN = re.compile(r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*explain\s+(analyze\s+)?", re.I | re.S)
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_OF_THE_ENGINE = ("duckdb_", "pragma_", "sqlite_", "pg_", "__")
_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_SOURCES = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EMPTY", "EXPRESSION_LIST"}
    | {"SHOW_REF", "PIVOT"}
)
_MODIFIERS = frozenset(
    {"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"}
    | {"ORDER_DEFAULT", "ASCENDING", "DESCENDING", "INVALID"}
)
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
_SHOWN = frozenset({'"tables"', "__show_tables_expanded"})
_REFUSED_FUNCTIONS = frozenset(
    {"sleep_ms", "pg_sleep", "write_log", "parse_duckdb_log_message", "nextval", "currval"}
    | {"setval", "setseed", "getenv", "getvariable", "set_config", "current_setting", "query"}
    | {"query_table", "json_execute_serialized_sql", "json_serialize_sql", "json_deserialize_sql"}
    | {"current_query", "glob", "which_secret", "pg_get_viewdef", "pg_get_constraintdef"}
    | {"current_user", "session_user", "current_role", "user", "txid_current", "error"}
)
_REFUSED_BEGINNINGS = ("read_", "duckdb_", "pragma_", "parquet_", "enable_", "disable_", "has_")
_REFUSED_ENDINGS = ("_scan", "_privilege", "_checkpoint")
_WRITES = {
    "INSERT": "add rows",
    "UPDATE": "change rows",
    "DELETE": "remove rows",
    "COPY": "write or read files",
    "MERGE_INTO": "change rows",
    "CREATE": "create anything",
    "DROP": "drop anything",
    "ALTER": "alter anything",
    "ATTACH": "open other databases",
    "DETACH": "close databases",
    "SET": "change settings",
    "VARIABLE_SET": "change settings",
    "PRAGMA": "change settings",
    "LOAD": "load extensions",
    "EXPORT": "write files",
    "CALL": "call procedures",
    "TRANSACTION": "open transactions",
    "VACUUM": "do upkeep",
    "EXECUTE": "run prepared statements",
    "PREPARE": "prepare statements",
}


@dataclass(frozen=True)
class Refusal:
    """Why a text is not run, and what to write instead."""

    happened: str
    todo: str = ""


class Guard:
    """Judges texts over these tables. One thread at a time."""

    def __init__(self, relations: Collection[str]) -> None:
        self._relations = frozenset(name.lower() for name in relations)
        self._parser = duckdb.connect(":memory:", config={"threads": 1})

    def refusal(self, sql: str) -> Refusal | None:
        """Why this text is not run; None when it may be. Never raises."""
        if len(sql) > MOST_CHARACTERS:
            return Refusal(
                f"The question is longer than {MOST_CHARACTERS:,} characters.", "Shorten it."
            )
        try:
            return self._judged(without_explain(sql)[1])
        except (duckdb.Error, ValueError, TypeError, KeyError, RuntimeError) as exc:
            return Refusal(f"This is no SQL that can be read: {_first_line(exc)}")

    def _judged(self, select: str) -> Refusal | None:
        if "\0" in select:
            return Refusal("The text has characters that SQL does not have.")
        statements = duckdb.extract_statements(select)
        if not statements:
            return Refusal("There is nothing to run.", "Write a SELECT.")
        if len(statements) > 1:
            return Refusal(
                f"There are {len(statements)} statements, and one runs at a time.",
                "Keep one SELECT; `with` gives parts of it a name.",
            )
        if kind := _refused_kind(statements[0].type.name):
            return kind
        return self._judged_tree(self._tree(select))

    def _tree(self, select: str) -> Any:  # noqa: ANN401
        found = self._parser.execute("select json_serialize_sql(?)", [select]).fetchone()
        tree = json.loads(found[0]) if found else {"error": True}
        if tree["error"]:
            raise ValueError(str(tree.get("error_message", "it can't be taken apart")))
        return tree["statements"]

    def _judged_tree(self, tree: Any) -> Refusal | None:  # noqa: ANN401
        nodes = list(_nodes(tree))
        named = {str(entry["key"]).lower() for node in nodes for entry in _named_parts(node)}
        for name in named:
            if name.startswith(_OF_THE_ENGINE):
                return Refusal(f"A part of the question can't be called “{name}”.", "Rename it.")
        for node in nodes:
            if refusal := _refused_form(node) or _refused_function(node):
                return refusal
            if node.get("type") == "BASE_TABLE" and (refusal := self._refused_table(node, named)):
                return refusal
        return None

    def _refused_table(self, node: dict[str, Any], named: set[str]) -> Refusal | None:
        name, outer = str(node["table_name"]), (node["catalog_name"], node["schema_name"])
        if name.lower() in self._relations and outer in (("", ""), ("", "main")):
            return None
        if name.lower() in named and outer == ("", "") and _PLAIN_NAME.fullmatch(name):
            return None
        return Refusal(
            f"There is no table “{'.'.join(part for part in (*outer, name) if part)}” here.",
            f"The tables are {', '.join(sorted(self._relations))}. Files can't be read.",
        )


def without_explain(sql: str) -> tuple[str, str]:
    """`explain ` or `explain analyze ` if the text begins with it, and the rest."""
    found = _EXPLAIN.match(sql)
    if found is None:
        return "", sql
    return f"explain {(found[1] or '').strip()} ", sql[found.end() :]


def _refused_kind(kind: str) -> Refusal | None:
    if kind == "SELECT":
        return None
    if kind == "MULTI":
        return Refusal(
            "PIVOT does not run here.", "Write `sum(x) filter (where column = 'value')` instead."
        )
    if kind in _WRITES:
        return Refusal(f"The workbench can't {_WRITES[kind]}.", "It runs SELECT.")
    return Refusal("Only SELECT runs here.", "Begin with `select`, `with` or `from`.")


def _refused_form(node: dict[str, Any]) -> Refusal | None:
    """A part of a statement that is no expression, and of none of the kinds that we know."""
    kind = node.get("type")
    if not isinstance(kind, str) or "class" in node:
        return None
    if kind.endswith("_QUERY_NODE"):
        word = kind.removesuffix("_QUERY_NODE")
        return Refusal(
            f"The workbench can't {_WRITES.get(word, 'change anything')}, nor in `with`."
        )
    if kind.endswith("_NODE") and kind not in _NODES:
        return Refusal(f"This form of SQL does not run here ({kind}).")
    if "query_location" in node and kind not in _SOURCES:
        return Refusal(f"This form of FROM does not run here ({kind}).")
    if kind == "SHOW_REF" and node.get("query") is None and node.get("table_name") not in _SHOWN:
        return Refusal("Only tables can be shown.", "`show tables`, or `describe generations`.")
    return None


def _refused_function(node: dict[str, Any]) -> Refusal | None:
    if node.get("type") == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS:
            return Refusal(
                f"`{name}()` can't be read from.",
                f"Allowed are the tables and {', '.join(sorted(_TABLE_FUNCTIONS))}.",
            )
    name = str(node.get("function_name") or "").lower()
    if (
        name in _REFUSED_FUNCTIONS
        or name.startswith(_REFUSED_BEGINNINGS)
        or name.endswith(_REFUSED_ENDINGS)
    ):
        return Refusal(f"`{name}()` does not run here.", "It does something else than compute.")
    return None


def _named_parts(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What `with` defines at this node; a recursive one names itself."""
    parts = node.get("cte_map")
    found = list(parts.get("map", [])) if isinstance(parts, dict) else []
    if node.get("type") in ("RECURSIVE_CTE_NODE", "CTE_NODE") and node.get("cte_name"):
        found.append({"key": node["cte_name"]})
    return found


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Every object in the tree, without recursion: a text may nest deeper than Python does."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _first_line(exc: BaseException) -> str:
    return str(exc).split("\n\n")[0].replace("Parser Error: ", "")[:400]
