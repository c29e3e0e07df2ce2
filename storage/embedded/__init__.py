"""The zero-setup start: a private Postgres and a private Redis-compatible server in one folder."""
