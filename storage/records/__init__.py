"""One module per table of the record: rows in, models out. The SQL is in `sql/postgres/queries`."""
