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
    select list('/*lake*/' || (file.value ->> 'name'))
    from json_each(getvariable('manifest'), '$.relations.' || relation) as file
);

-- name: files
-- Its files by name.
set variable "/*relation*/" = lake_files('/*relation*/');

-- name: relation
-- A relation that lies in files.
create or replace temp view "/*relation*/" as
from read_parquet(getvariable('/*relation*/'), hive_partitioning = false);

-- name: mart
-- A relation that is made of others.
create or replace temp view "/*relation*/" as
/*select*/;
