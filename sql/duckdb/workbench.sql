-- name: column_types
-- Every column of every view, with its type, in the order of the table.
select table_name, column_name, data_type
from duckdb_columns()
where not internal
order by table_name, column_index;
