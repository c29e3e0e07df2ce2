"""The warehouse: a lake of Parquet files derived from the record, and DuckDB to ask it."""
