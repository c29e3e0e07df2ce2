-- The steps of a sync between what was pulled from the record and what the lake has. `/*dataset*/` is
-- one of the datasets, `/*known*/` reads files of the lake.

-- name: make_waiting
-- Corrections of old months that wait for others: rows to read `again`, and rows that are `gone`.
create or replace table waiting (
    dataset varchar,
    key varchar,
    what varchar,
    day date,
    noted_at timestamp,
    primary key (dataset, key, what, day)
);

-- name: load_waiting
-- Those of the last pass.
insert into waiting select * from /*known*/;

-- name: waiting_since
-- Since when the first of them waits, and how many there are.
select min(noted_at), count(*) from waiting;

-- name: waiting_again
-- What has to be read again.
select dataset, list(distinct key) from waiting where what = 'again' group by dataset;

-- name: forget_waiting
-- They are being applied.
delete from waiting;

-- name: put_off_new
-- Rows of old months wait. What moved does not: half of it would be there twice.
insert or ignore into waiting
select '/*dataset*/', id::varchar, 'again', day, $now
from new_/*dataset*/
where day < $daily_from and id not in (select id from gone_/*dataset*/);

-- name: leave_out_new
-- They are not applied now.
delete from new_/*dataset*/
where day < $daily_from and id not in (select id from gone_/*dataset*/);

-- name: put_off_gone
-- Rows that are gone from old months wait.
insert or ignore into waiting
select '/*dataset*/', id::varchar, 'gone', day, $now
from gone_/*dataset*/
where day < $daily_from and id not in (select id from new_/*dataset*/);

-- name: leave_out_gone
-- They are not applied now.
delete from gone_/*dataset*/
where day < $daily_from and id not in (select id from new_/*dataset*/);

-- name: apply_gone
-- What was gone and waited.
insert into gone_/*dataset*/
select key, day from waiting where dataset = '/*dataset*/' and what = 'gone';

-- name: make_gone
-- What is gone from a day, by the marks of the record.
create or replace table gone_/*dataset*/ as
select distinct key::/*kind*/ as id, was_on as day from pulled_marks where dataset = '/*dataset*/';

-- name: keep_what_is_back
-- A row that is there on that day is not gone from it.
delete from gone_/*dataset*/ where (id, day) in (select (id, day) from new_/*dataset*/);

-- name: forget_gone
-- A lake that is made anew has nothing to lose.
delete from gone_/*dataset*/;

-- name: touched_days
-- Days that rows come to or go from.
select day from new_/*dataset*/
union
select day from gone_/*dataset*/;

-- name: drop_known_gone
-- What the lake has lost already.
delete from gone_/*dataset*/ where (id, day) not in (select (id, day) from /*known*/);

-- name: drop_known_new
-- What the lake has as it is.
create or replace table new_/*dataset*/ as
select * from new_/*dataset*/
except
select * from /*known*/ where id in (select id from new_/*dataset*/);

-- name: differing
-- How many rows of a small relation are others than in the lake.
select
    (select count(*) from (select * from /*new*/ except all select * from /*known*/))
    + (select count(*) from (select * from /*known*/ except all select * from /*new*/));

-- name: count
-- How many rows are written and removed.
select (select count(*) from new_/*dataset*/) + (select count(*) from gone_/*dataset*/);
