-- What a busy while changes in the lake, for `studio bench warehouse`: a thousand generations more,
-- and two hundred of the last days that were judged. `/*x_files*/` read files of the lake.

-- name: add_generations
-- A thousand new ones as the last thousand were, and two hundred that are judged now.
create table new_generations as
(
    select * replace (md5(id::varchar || $round)::uuid as id)
    from /*generations_files*/
    order by created_at desc
    limit 1000
)
union all
(
    select * replace (
        if(verdict = 'approved', 'rejected', 'approved') as verdict, finished_at as verdict_at
    )
    from /*generations_files*/
    where status = 'completed' and day >= $since
    order by hash(id, $round)
    limit 200
);

-- name: add_charges
-- The charges of the new ones.
create table new_charges as
select c.* replace (
    md5(c.id::varchar || $round)::uuid as id,
    md5(c.generation_id::varchar || $round)::uuid as generation_id
)
from /*charges_files*/ as c
where c.generation_id in (
    select id from /*generations_files*/ order by created_at desc limit 1000
);

-- name: add_events
-- Three events for each.
create table new_events as
select * replace (id + $round::bigint as id)
from /*events_files*/
order by happened_at desc
limit 3000;

-- name: keep_small
-- People, teams and so on stay.
create table new_people as from /*people_files*/;
create table new_teams as from /*teams_files*/;
create table new_campaigns as from /*campaigns_files*/;
create table new_holds as from /*holds_files*/;
create table gone_generations (id uuid, day date);
create table gone_charges (id uuid, day date);
create table gone_events (id bigint, day date);
