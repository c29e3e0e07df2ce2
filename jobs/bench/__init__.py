"""Measures what `docs/benchmarks.md` tells: the studio under load, and a plain client beside it."""
