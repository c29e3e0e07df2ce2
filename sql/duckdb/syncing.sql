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

-- name: leave_charges
-- A charge is as it was when nothing but the video was judged; reading it back would only show that.
delete from new_charges
where generation_id in (select id::uuid from pulled_touched where judged);

-- name: keep_what_is_back
-- A row that is there on that day is not gone from it.
delete from gone_/*dataset*/ where (id, day) in (select (id, day) from new_/*dataset*/);

-- name: forget_gone
-- The lake has nothing to lose.
delete from gone_/*dataset*/;

-- name: drop_known_gone
-- What the lake has lost already.
delete from gone_/*dataset*/ where (id, day) not in (select (id, day) from held_/*dataset*/);

-- name: differing
-- How many rows of a small relation are others than in the lake.
select
    (select count(*) from (select * from /*new*/ except all select * from /*known*/))
    + (select count(*) from (select * from /*known*/ except all select * from /*new*/));

-- name: touched
-- The days that changes touch, and how many rows of each are new and gone.
select dataset, day, sum(new)::bigint as new, sum(gone)::bigint as gone
from (
    select 'generations' as dataset, day, 1 as new, 0 as gone from new_generations
    union all
    select 'generations', day, 0, 1 from gone_generations
    union all
    select 'charges', day, 1, 0 from new_charges
    union all
    select 'charges', day, 0, 1 from gone_charges
    union all
    select 'events', day, 1, 0 from new_events
    union all
    select 'events', day, 0, 1 from gone_events
)
group by dataset, day;

-- name: find
-- Where rows are that are among the changes: in which file, and behind how many others.
create or replace table found_/*dataset*/ as
select filename, position, id
from /*known*/
semi join (select id from new_/*dataset*/ union all select id from gone_/*dataset*/) using (id);

-- name: paths
-- The files that have any.
select distinct filename from found_/*dataset*/;

-- name: positions
-- Rows that changes replace or remove, by file.
select filename, list(position)
from found_/*dataset*/
semi join (select id from new_/*dataset*/ union all select id from gone_/*dataset*/) using (id)
group by filename;

-- name: hold
-- What roll-ups have `counted` of the rows that are among the changes, as the lake has them.
create or replace table held_/*dataset*/ as
select id, /*counted*/
from /*known*/
semi join (select id from found_/*dataset*/) using (id);

-- name: alike
-- Rows that are among the changes and of which roll-ups count what they did: whether they are the
-- same, only their other columns say.
create or replace table alike_/*dataset*/ as
select new.id
from (select id, /*counted*/ from new_/*dataset*/) as new
inner join held_/*dataset*/ as held on held.id = new.id
where new is not distinct from held;

-- name: any_alike
-- Whether there are any: seldom.
select exists (select 1 from alike_/*dataset*/);

-- name: drop_known_new
-- What the lake has as it is: row by row, for there are many columns and few rows in both.
delete from new_/*dataset*/
where id in (
    select new.id
    from new_/*dataset*/ as new
    inner join (
        select * from /*known*/ semi join (select id from alike_/*dataset*/) using (id)
    ) as held on held.id = new.id
    where new is not distinct from held
);

-- name: lose
-- What roll-ups counted of rows that are others now, or gone.
create or replace table lost_/*dataset*/ as
select /*counted*/
from held_/*dataset*/
semi join (select id from new_/*dataset*/ union all select id from gone_/*dataset*/) using (id);

-- name: mirror
-- What roll-ups count now, and on days that are a million later what they counted before.
create or replace table mirrored_/*dataset*/ as
select /*counted*/ from new_/*dataset*/
union all
select * replace (day + 1000000 as day) from lost_/*dataset*/;

-- name: mirror_new
-- The same where nothing is lost.
create or replace table mirrored_/*dataset*/ as
select /*counted*/ from new_/*dataset*/;

-- name: changed_days
-- The days of what changes.
select distinct if(day >= date '4000-01-01', day - 1000000, day)::date as day
from (
    select day from mirrored_generations
    union all
    select day from mirrored_charges
    union all
    select day from mirrored_events
);

-- name: counted_apart
-- What a roll-up counts of changes: `counts` is below zero for what it counted before.
select
    * replace (if(day >= date '4000-01-01', day - 1000000, day)::date as day),
    if(day >= date '4000-01-01', -1, 1) as counts
from (/*made*/);

-- name: condense_cells
-- The cells of what changes, which are `made` as the view makes them, added up as far as every roll-up can be made from them.
create or replace table condensed_cells as
select
    day, team_id, campaign_id, person_id, model, resolution, cause,
    sum(generations) as generations,
    sum(completed) as completed,
    sum(failed) as failed,
    sum(canceled) as canceled,
    sum(approved) as approved,
    sum(video_s) as video_s,
    sum(estimate_usd) as estimate_usd,
    sum(billed_usd) as billed_usd,
    sum(wasted_usd) as wasted_usd,
    sum(again) as again,
    sum(again_usd) as again_usd,
    sum(charged) as charged,
    sum(charged_s) as charged_s,
    sum(good) as good,
    sum(good_s) as good_s,
    sum(good_usd) as good_usd,
    sum(foretold) as foretold,
    sum(foretold_usd) as foretold_usd,
    sum(settled_usd) as settled_usd,
    sum(unverified) as unverified,
    sum(spend_usd) as spend_usd,
    sum(charges) as charges,
    sum(viewed) as viewed,
    sum(downloaded) as downloaded,
    sum(shared) as shared,
    sum(events) as events
from (/*made*/) as cells
group by day, team_id, campaign_id, person_id, model, resolution, cause;

-- name: condense_phase_buckets
-- The same of the buckets of latency.
create or replace table condensed_phase_buckets as
select day, team_id, model, resolution, phase, bucket, sum(n) as n
from (/*made*/) as phase_buckets
group by day, team_id, model, resolution, phase, bucket;
