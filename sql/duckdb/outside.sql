-- What a tool outside the studio runs to find the warehouse's relations: a DuckDB of its own, which
-- only reads. `studio warehouse views` prints it for one lake.

-- name: state
-- Take hold of one published state of the lake: the files that count are those that its manifest
-- names, and all of them are of the same moment. Run it again to see what is new.
set variable manifest = (
    select content from read_text('/*lake*/manifest.json')
);

-- name: macro
-- The files of a relation in that state.
create or replace temp macro lake_files(relation) as (
    select list('/*lake*/' || (file.value ->> 'name') order by file.rowid)
    from json_each(getvariable('manifest'), '$.relations.' || relation) as file
);

-- name: struck
-- For each of those files the rows that do not count any more, a bit for each; null: all count.
create or replace temp macro lake_struck(relation) as (
    select list(from_base64(nullif(file.value ->> 'struck', ''))::bit order by file.rowid)
    from json_each(getvariable('manifest'), '$.relations.' || relation) as file
);

-- name: files
-- Its files by name.
set variable "/*relation*/" = lake_files('/*relation*/');

-- name: relation
-- A relation that lies in files.
create or replace temp view "/*relation*/" as
from read_parquet(getvariable('/*relation*/'), hive_partitioning = false);

-- name: rows
-- The rows of a roll-up's files, of which those of recent days have to be added up.
from read_parquet(getvariable('/*relation*/'), hive_partitioning = false);

-- name: struck_rows
-- The rows of a dataset that do not count.
set variable "/*relation*/_struck" = lake_struck('/*relation*/');

-- name: dataset
-- A dataset, without those rows.
create or replace temp view "/*relation*/" as
from read_parquet(getvariable('/*relation*/'), hive_partitioning = false)
where coalesce(
    get_bit(getvariable('/*relation*/_struck')[file_index::integer + 1], file_row_number::integer) = 0,
    true
);

-- name: view
-- A relation that is made of others, or added up.
create or replace temp view "/*relation*/" as
/*select*/;
