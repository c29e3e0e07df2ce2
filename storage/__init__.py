"""The cellar: keeping and finding. Postgres records, files, embedded servers and settings.

Knows nothing of fal, RQ or pages, and imports neither `jobs` nor `dashboard`.
"""
