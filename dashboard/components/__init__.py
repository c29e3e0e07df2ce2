"""Reusable pieces of pages; each owns the `session_state` keys that start with its module name."""
