-- The same rows and the same questions in Postgres, for `studio bench warehouse`. It has the facts
-- with indexes on their days and no roll-ups: they are what the warehouse is there for.

-- name: make_tables
-- The datasets as tables, in a schema of their own beside the record.
create schema bench;
set search_path to bench;
create unlogged table generations (
    id uuid, created_at timestamp, day date, hour smallint, weekday smallint,
    submitted_at timestamp, finished_at timestamp, person_id uuid, team_id uuid, campaign_id uuid,
    parent_id uuid, batch_id uuid, lane text, model text, resolution text, aspect_ratio text,
    duration_s double precision, with_audio boolean, status text, cause text, title text,
    prompt text, fingerprint text, price_usd_per_unit numeric(18, 9),
    estimate_usd numeric(14, 6), charge_usd numeric(14, 6), verified boolean,
    our_queue_s double precision, fal_queue_s double precision, inference_s double precision,
    store_s double precision, total_s double precision, attempts smallint, verdict text,
    verdict_at timestamp, rating double precision, trashed boolean, reused boolean,
    size_bytes bigint
);
create unlogged table charges (
    id uuid, created_at timestamp, day date, generation_id uuid, person_id uuid, team_id uuid,
    campaign_id uuid, kind text, amount_usd numeric(14, 6), billable_units double precision,
    verified boolean, note text, model text, resolution text, duration_s double precision,
    price_usd_per_unit numeric(18, 9), status text, cause text
);
create unlogged table events (
    id bigint, happened_at timestamp, day date, kind text, person_id uuid, team_id uuid,
    generation_id uuid
);
create unlogged table people (
    id uuid primary key, name text, email text, role text, team_id uuid, active boolean,
    created_at timestamp
);
create unlogged table teams (id uuid primary key, name text);
create unlogged table campaigns (id uuid primary key, team_id uuid, name text);

-- name: copy_in
-- Rows of one table, as CSV.
copy /*dataset*/ from stdin (format csv);

-- name: make_indexes
-- What the questions look for.
create index on generations (id);
create index on generations (day);
create index on generations (created_at);
create index on generations (parent_id) where parent_id is not null;
create index on charges (day);
create index on events (day);

-- name: make_views
-- The facts as reports call them.
create view cells as
select
    day, team_id, campaign_id, person_id, model, resolution, duration_s, cause,
    1 as generations, (status = 'completed')::integer as completed,
    (status = 'failed')::integer as failed, (status = 'canceled')::integer as canceled,
    coalesce(status = 'completed' and verdict = 'approved', false)::integer as approved,
    case when status = 'completed' then duration_s else 0 end as video_s,
    case when charge_usd is null then 0 else estimate_usd end as estimate_usd,
    coalesce(charge_usd, 0) as billed_usd,
    case
        when status in ('failed', 'canceled') or verdict = 'rejected' then coalesce(charge_usd, 0)
        else 0
    end as wasted_usd,
    0::numeric as spend_usd, 0 as charges, 0 as viewed, 0 as downloaded, 0 as shared, 0 as events
from generations
union all
select
    day, team_id, campaign_id, person_id, model, resolution, duration_s, cause,
    0, 0, 0, 0, 0, 0, 0, 0, 0, amount_usd, 1, 0, 0, 0, 0
from charges
union all
select
    day, team_id, null, person_id, null, null, null, null,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    (kind = 'viewed')::integer, (kind = 'downloaded')::integer, (kind = 'shared')::integer, 1
from events;

-- name: vacuum_generations
-- After a load.
vacuum analyze generations;

-- name: vacuum_charges
-- After a load.
vacuum analyze charges;

-- name: vacuum_events
-- After a load.
vacuum analyze events;

-- name: look_there
-- Names are those of the datasets.
set search_path to bench;

-- name: end_after
-- Who takes longer has lost.
set statement_timeout = '/*s*/s';

-- name: skip_triggers
-- Rows are as they would have become: nothing checks references or counts.
set session_replication_role = replica;

-- name: undress
-- Without indexes and without what checks rows: ten million are written in minutes, not in an hour.
do $$
declare
    it record;
begin
    create temporary table dressed as
    select oid from pg_class
    where relnamespace = 'studio'::regnamespace
        and relname in ('generations', 'attempts', 'charges', 'videos', 'events');
    create table bench.kept_indexes as
    select c.relname as name, pg_get_indexdef(i.indexrelid) as text
    from pg_index as i
    inner join pg_class as c on c.oid = i.indexrelid
    where i.indrelid in (select oid from dressed);
    for it in
        select conrelid::regclass as on_table, conname from pg_constraint
        where contype = 'f' and (conrelid in (select oid from dressed) or confrelid in (select oid from dressed))
    loop
        execute format('alter table %s drop constraint %I', it.on_table, it.conname);
    end loop;
    for it in
        select conrelid::regclass as on_table, conname from pg_constraint
        where contype in ('p', 'u', 'x') and conrelid in (select oid from dressed)
    loop
        execute format('alter table %s drop constraint %I', it.on_table, it.conname);
    end loop;
    for it in
        select i.indexrelid::regclass as name from pg_index as i
        where i.indrelid in (select oid from dressed)
    loop
        execute format('drop index %s', it.name);
    end loop;
    for it in select oid::regclass as name from dressed
    loop
        execute format('alter table %s set unlogged', it.name);
    end loop;
end
$$;

-- name: dress
-- The indexes that a sync looks into, as they were; the others would only be written to.
do $$
declare
    it record;
begin
    for it in
        select text from bench.kept_indexes
        where text ~ 'USING btree \((id|sync_xid|fingerprint|generation_id)[,)]'
    loop
        execute it.text;
    end loop;
end
$$;

-- name: fill_people
-- The same people in the record.
insert into studio.teams (id, name) select id, name from teams;
insert into studio.people (id, email, name, role, team_id, active, created_at)
select id, email, name, role, team_id, active, created_at at time zone 'utc' from people;
insert into studio.campaigns (id, team_id, name) select id, team_id, name from campaigns;

-- name: fill_generations
-- The same generations in the record.
insert into studio.generations (
    id, person_id, team_id, campaign_id, parent_id, batch_id, lane, status, cause, title, model,
    endpoint, prompt, sent_prompt, parameters, start_image, fingerprint, price_usd_per_unit,
    price_tokens_per_unit, price_source, price_as_of, estimate_usd, created_at, submitted_at,
    finished_at)
select
    id, person_id, team_id, campaign_id, parent_id, batch_id, lane, status, cause, title, model,
    model, prompt, '',
    jsonb_build_object(
        'resolution', resolution, 'aspect_ratio', aspect_ratio, 'duration_s', duration_s,
        'generate_audio', with_audio),
    '{}', fingerprint, price_usd_per_unit, 1000, 'bench', '2026-01-01', estimate_usd,
    created_at at time zone 'utc', submitted_at at time zone 'utc', finished_at at time zone 'utc'
from generations;

-- name: fill_attempts
-- The submit of each.
insert into studio.attempts (
    id, generation_id, number, state, endpoint, marker, arguments, request_id, start_deadline,
    created_at, accepted_at, started_at, completed_at)
select
    md5(id::text || 'attempt')::uuid, id, 1, 'ended', model, id::text, '{}', id::text,
    created_at at time zone 'utc', created_at at time zone 'utc',
    created_at at time zone 'utc' + make_interval(secs => our_queue_s),
    created_at at time zone 'utc' + make_interval(secs => our_queue_s + fal_queue_s),
    created_at at time zone 'utc'
    + make_interval(secs => our_queue_s + fal_queue_s + inference_s)
from generations
where our_queue_s is not null;

-- name: fill_charges
-- The same ledger.
insert into studio.charges (
    id, generation_id, person_id, team_id, campaign_id, kind, amount_usd, billable_units, verified,
    note, created_at)
select
    id, generation_id, person_id, team_id, campaign_id, kind, amount_usd, billable_units, verified,
    note, created_at at time zone 'utc'
from charges;

-- name: fill_videos
-- The video of each that was completed.
insert into studio.videos (
    id, title, person_id, team_id, campaign_id, path, poster_path, status, deleted_at, model,
    prompt, parameters, size_bytes, duration_s, resolution, aspect_ratio, fps, width, height,
    created_at, verdict, verdict_at, rating_hundredths, rating_count, batch_id)
select
    id, title, person_id, team_id, campaign_id, id::text, id::text,
    case when trashed then 'trashed' else 'ready' end, case when trashed then now() end, model,
    prompt, '{}', size_bytes, duration_s, resolution, aspect_ratio, 24, 1280, 720,
    finished_at at time zone 'utc', verdict, verdict_at at time zone 'utc',
    coalesce(rating * 100, 0)::integer, case when rating is null then 0 else 1 end, batch_id
from generations
where status = 'completed';

-- name: fill_events
-- The same events.
insert into studio.events (id, at, kind, person_id, team_id, generation_id)
overriding system value
select id, happened_at at time zone 'utc', kind, person_id, team_id, generation_id
from events;

-- name: vacuum_record
-- What autovacuum has done long ago where rows came one by one: it would begin while a sync is timed.
vacuum (analyze) studio.generations, studio.attempts, studio.charges, studio.videos, studio.events;

-- name: forget_words
-- Search has no part in this, and its words take longest to write.
alter table studio.videos drop column words;

-- name: plain_lengths
-- So that a video can be written as another one is.
alter table studio.videos alter column duration_ms drop expression;

-- name: look_up
-- Everything that follows is looked up in indexes.
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;

-- name: remember_recent
-- What the last days have written row by row is in memory, with its places in the indexes. Here it
-- was written with all the rest at once, and is not.
select count(f.status), count(a.state), count(c.kind), count(v.verdict)
from bench.generations as b
inner join studio.generations as g on g.id = b.id
inner join studio.generations as f on f.fingerprint = g.fingerprint
left join studio.attempts as a on a.generation_id = b.id
left join studio.charges as c on c.generation_id = b.id
left join studio.videos as v on v.id = b.id
where b.day >= '/*since*/';

-- name: write_back
-- What was loaded is on the disk: it would be written while a sync is timed.
checkpoint;

-- name: choose
-- A thousand of the last generations, to be made once more, and two hundred to be judged now.
create temporary table again as
select id, md5(id::text || '/*round*/')::uuid as new_id
from bench.generations
where status = 'completed'
order by created_at desc
limit 1000;
create temporary table judged as
select id
from bench.generations
where status = 'completed' and day >= '/*since*/'
order by md5(id::text || '/*round*/')
limit 200;

-- name: change
-- They become part of the record, stamped as its triggers would.
insert into studio.generations
select (jsonb_populate_record(g, jsonb_build_object(
    'id', a.new_id, 'fingerprint', a.new_id, 'sync_xid', pg_current_xact_id()))).*
from again as a
inner join studio.generations as g on g.id = a.id;
insert into studio.attempts
select (jsonb_populate_record(t, jsonb_build_object(
    'id', gen_random_uuid(), 'generation_id', a.new_id, 'marker', a.new_id, 'request_id', a.new_id,
    'sync_xid', pg_current_xact_id()))).*
from again as a
inner join studio.attempts as t on t.generation_id = a.id;
insert into studio.charges
select (jsonb_populate_record(c, jsonb_build_object(
    'id', gen_random_uuid(), 'generation_id', a.new_id, 'sync_xid', pg_current_xact_id()))).*
from again as a
inner join studio.charges as c on c.generation_id = a.id and c.kind = 'charge';
insert into studio.videos
select (jsonb_populate_record(v, jsonb_build_object(
    'id', a.new_id, 'path', a.new_id, 'poster_path', a.new_id,
    'sync_xid', pg_current_xact_id()))).*
from again as a
inner join studio.videos as v on v.id = a.id;
insert into studio.events (id, at, kind, person_id, team_id, generation_id, sync_xid)
overriding system value
select e.id + 1 + /*round*/, e.at, e.kind, e.person_id, e.team_id, a.new_id, pg_current_xact_id()
from again as a
inner join bench.events as b on b.generation_id = a.id and b.day >= '/*since*/'
inner join studio.events as e on e.id = b.id;
update studio.videos as v
set verdict = case when v.verdict = 'approved' then 'rejected' else 'approved' end,
    verdict_at = now(), sync_xid = pg_current_xact_id()
from judged as j
where v.id = j.id;

-- name: forget_choice
-- Until the next time.
drop table again, judged;

-- name: adhoc_cost_by_day_and_model
-- As the warehouse is asked.
select day, model, sum(charge_usd) as usd, count(*) as generations
from generations
where day >= %(since)s and day < %(until)s
group by day, model
order by day, model;

-- name: adhoc_exact_percentiles
-- As the warehouse is asked.
select date_trunc('week', day)::date as week, model,
    percentile_cont(0.5) within group (order by total_s) as p50_s,
    percentile_cont(0.95) within group (order by total_s) as p95_s
from generations
where day >= %(since)s and day < %(until)s and status = 'completed'
group by 1, 2
order by 1, 2;

-- name: adhoc_hour_by_weekday
-- As the warehouse is asked.
select weekday, hour, count(*) as generations, avg(inference_s) as inference_s
from generations
where day >= %(since)s and day < %(until)s and status = 'completed'
group by weekday, hour
order by weekday, hour;

-- name: adhoc_people_of_campaigns
-- As the warehouse is asked.
select campaign_id, count(distinct person_id) as people, count(*) as generations,
    sum(charge_usd) / nullif(count(*) filter (where verdict = 'approved'), 0) as usd_per_approved
from generations
where day >= %(since)s and day < %(until)s
group by campaign_id
order by generations desc, campaign_id
limit 50;

-- name: adhoc_words_in_prompts
-- As the warehouse is asked.
select verdict, count(*) as generations, sum(charge_usd) as usd, avg(rating) as stars
from generations
where day >= %(since)s and day < %(until)s and prompt like '%%water drops%%armchair%%'
group by verdict
order by verdict;

-- name: adhoc_settings_that_fail
-- As the warehouse is asked.
select model, resolution, aspect_ratio, duration_s, count(*) as generations,
    avg((status = 'failed')::integer) as failing
from generations
where day >= %(since)s and day < %(until)s
group by model, resolution, aspect_ratio, duration_s
having count(*) > 100
order by failing desc, generations desc
limit 50;

-- name: adhoc_active_people
-- As the warehouse is asked.
select date_trunc('week', day)::date as week, count(distinct person_id) as people
from events
where day >= %(since)s and day < %(until)s
group by 1
order by 1;

-- name: adhoc_dearest_people
-- As the warehouse is asked.
select p.name, sum(g.charge_usd) as usd, count(*) as generations
from generations as g
inner join people as p on p.id = g.person_id
where g.day >= %(since)s and g.day < %(until)s and g.verdict = 'rejected'
group by p.name
order by usd desc
limit 20;

-- name: adhoc_sizes_and_money
-- As the warehouse is asked.
select resolution, duration_s, avg(size_bytes) as size_bytes,
    sum(charge_usd) / sum(duration_s)::numeric as usd_per_s, corr(duration_s, total_s) as relation
from generations
where day >= %(since)s and day < %(until)s and status = 'completed'
group by resolution, duration_s
order by resolution, duration_s;

-- name: costs_totals
-- As the warehouse is asked.
select sum(spend_usd) as spend_usd,
    sum(spend_usd) filter (where model is null) as unattributed_usd,
    sum(billed_usd) as billed_usd, sum(wasted_usd) as wasted_usd,
    sum(generations) as generations, sum(completed) as completed, sum(approved) as approved,
    sum(charges) as charges
from cells
where day >= %(since)s and day < %(until)s;

-- name: costs_daily
-- As the warehouse is asked.
with used as (
    select
        day, sum(spend_usd) as spend_usd, sum(billed_usd) as billed_usd,
        sum(wasted_usd) as wasted_usd, sum(completed) as completed, sum(approved) as approved
    from cells
    where day >= %(since)s and day < %(until)s
    group by day
)

select
    days.day::date as day, coalesce(u.spend_usd, 0) as spend_usd,
    coalesce(u.billed_usd, 0) as billed_usd, coalesce(u.wasted_usd, 0) as wasted_usd,
    coalesce(u.completed, 0) as completed, coalesce(u.approved, 0) as approved
from generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day', '1 day')
    as days (day)
left join used as u on u.day = days.day::date
order by days.day;

-- name: costs_spend_by_day
-- As the warehouse is asked, by team.
select
    date_trunc(%(grain)s, c.day)::date as day, c.team_id as id,
    coalesce(min(n.name), c.team_id::text) as name,
    sum(c.spend_usd) as spend_usd, sum(c.charges) as charges
from cells as c
left join teams as n on n.id = c.team_id
where c.day >= %(since)s and c.day < %(until)s
group by 1, 2
having sum(c.charges) > 0
order by 1, spend_usd desc;

-- name: costs_by_group
-- As the warehouse is asked, by team.
select
    c.team_id as id, coalesce(min(n.name), c.team_id::text) as name, sum(c.spend_usd) as spend_usd,
    sum(c.billed_usd) as billed_usd, sum(c.generations) as generations,
    sum(c.completed) as completed, sum(c.approved) as approved,
    round(sum(c.billed_usd) / nullif(sum(c.completed), 0), 6) as usd_per_completed,
    round(sum(c.billed_usd) / nullif(sum(c.approved), 0), 6) as usd_per_approved,
    sum(c.wasted_usd) as wasted_usd
from cells as c
left join teams as n on n.id = c.team_id
where c.day >= %(since)s and c.day < %(until)s
group by 1
having sum(c.generations) > 0 or sum(c.charges) > 0
order by spend_usd desc, name;

-- name: costs_per_video
-- As the warehouse is asked.
select
    date_trunc(%(grain)s, day)::date as day, sum(billed_usd) as billed_usd,
    sum(completed) as completed, sum(approved) as approved,
    round(sum(billed_usd) / nullif(sum(completed), 0), 6) as usd_per_completed,
    round(sum(billed_usd) / nullif(sum(approved), 0), 6) as usd_per_approved
from cells
where day >= %(since)s and day < %(until)s
group by 1
having sum(generations) > 0
order by 1;

-- name: costs_again
-- As the warehouse is asked.
select count(*) as generations, coalesce(sum(charge_usd), 0) as again_usd
from generations
where
    day >= %(since)s and day < %(until)s and reused and status = 'completed' and charge_usd > 0;

-- name: costs_bridge
-- As the warehouse is asked.
select
    model, resolution, status = 'completed' and verdict is distinct from 'rejected' as good,
    count(*) as n, sum(duration_s) as seconds, sum(charge_usd) as usd
from generations
where day >= %(since)s and day < %(until)s and charge_usd is not null
group by 1, 2, 3
order by 1, 2, 3;

-- name: costs_budget_days
-- As the warehouse is asked.
select
    case
        when grouping(team_id) = 0 then 'team'
        when grouping(campaign_id) = 0 then 'campaign'
        when grouping(person_id) = 0 then 'person'
        else 'organisation'
    end as scope,
    coalesce(team_id, campaign_id, person_id)::text as id, day, sum(amount_usd) as spend_usd
from charges
where day >= %(since)s and day < %(until)s
group by grouping sets ((day), (day, team_id), (day, campaign_id), (day, person_id))
order by scope, id, day;

-- name: costs_estimates
-- As the warehouse is asked.
select
    model, count(*) as generations, sum(estimate_usd) as estimate_usd,
    sum(charge_usd) as charge_usd,
    round(sum(charge_usd) / nullif(sum(estimate_usd), 0) - 1, 6) as difference,
    count(*) filter (where day >= %(until)s::date - 7) as recent,
    count(*) filter (where not verified) as unverified
from generations
where
    day >= %(since)s and day < %(until)s and status = 'completed' and charge_usd is not null
group by model
order by charge_usd desc, model;

-- name: costs_waste
-- As the warehouse is asked.
select
    case status
        when 'failed' then coalesce(cause, 'unknown')
        when 'canceled' then 'stopped'
        else 'rejected'
    end as reason,
    count(*) as generations, count(*) filter (where charge_usd > 0) as charged,
    coalesce(sum(charge_usd), 0) as wasted_usd
from generations
where
    day >= %(since)s and day < %(until)s
    and (status in ('failed', 'canceled') or verdict = 'rejected')
group by 1
order by wasted_usd desc, generations desc, reason;

-- name: latency_hours
-- As the warehouse is asked.
select
    weekday, hour, percentile_cont(0.95) within group (order by total_s) as p95_s, count(*) as n
from generations
where day >= %(since)s and day < %(until)s and status = 'completed'
group by weekday, hour
order by weekday, hour;

-- name: latency_failures
-- As the warehouse is asked.
select date_trunc(%(grain)s, day)::date as day, cause as reason, sum(failed) as failed
from cells
where day >= %(since)s and day < %(until)s and failed > 0
group by 1, 2
order by 1, 2;

-- name: latency_failure_rates
-- As the warehouse is asked.
select model, sum(completed) as completed, sum(failed) as failed
from cells
where day >= %(since)s and day < %(until)s and model is not null
group by model
having sum(completed) + sum(failed) > 0
order by model;

-- name: latency_phases
-- As the warehouse is asked; the roll-up's answer within a per cent is compared with this one too.
with found as (
    select
        p.phase, percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by p.seconds)
            as s,
        count(p.seconds) as n
    from generations as g
    cross join lateral (
        values ('our_queue', g.our_queue_s), ('fal_queue', g.fal_queue_s),
            ('inference', g.inference_s), ('store', g.store_s), ('total', g.total_s)
    ) as p (phase, seconds)
    where g.day >= %(since)s and g.day < %(until)s and g.status = 'completed'
    group by p.phase
)

select phase, s[1] as p50_s, s[2] as p90_s, s[3] as p95_s, s[4] as p99_s, n
from found;

-- name: latency_by_model
-- As the warehouse is asked, for the whole.
with asked as (
    select
        model, resolution,
        case %(phase)s
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end as seconds
    from generations
    where day >= %(since)s and day < %(until)s and status = 'completed'
),

found as (
    select
        model, resolution,
        percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by seconds) as s,
        count(*) as n
    from asked
    where seconds is not null
    group by model, resolution
)

select model, resolution, s[1] as p50_s, s[2] as p90_s, s[3] as p95_s, s[4] as p99_s, n
from found
order by model, resolution;

-- name: latency_course
-- As the warehouse is asked, for the whole.
with asked as (
    select
        date_trunc(%(grain)s, day)::date as first_day,
        case %(phase)s
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end as seconds
    from generations
    where day >= %(since)s and day < %(until)s and status = 'completed'
),

found as (
    select
        first_day,
        percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by seconds) as s,
        count(*) as n
    from asked
    where seconds is not null
    group by first_day
)

select first_day as day, s[1] as p50_s, s[2] as p90_s, s[3] as p95_s, s[4] as p99_s, n
from found
order by first_day;

-- name: latency_behind
-- As the warehouse is asked.
with found as (
    select
        id, created_at, title, person_id, model, resolution, our_queue_s, fal_queue_s,
        inference_s, store_s, total_s,
        case %(phase)s
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end as seconds
    from generations
    where day >= %(since)s and day < %(until)s and status = 'completed'
),

slowest as (
    select * from found
    where seconds is not null
    order by seconds desc, created_at desc, id
    limit 200
)

select
    g.id as generation_id, g.created_at, g.title, p.name as person, g.model, g.resolution,
    g.seconds, g.our_queue_s, g.fal_queue_s, g.inference_s, g.store_s, g.total_s,
    (select count(*) from found where seconds is not null) as all_rows
from slowest as g
left join people as p on p.id = g.person_id
order by g.seconds desc, g.created_at desc, g.id;

-- name: latency_failed_behind
-- As the warehouse is asked.
with found as (
    select id, created_at, title, person_id, model, resolution, cause, charge_usd
    from generations
    where
        day >= %(since)s and day < %(until)s and status = 'failed'
        and (%(reason)s::text is null or cause = %(reason)s)
),

newest as (
    select * from found
    order by created_at desc, id
    limit 200
)

select
    f.id as generation_id, f.created_at, f.title, p.name as person, f.model, f.resolution, f.cause,
    f.charge_usd, (select count(*) from found) as all_rows
from newest as f
left join people as p on p.id = f.person_id
order by f.created_at desc, f.id;

-- name: costs_waste_behind
-- As the warehouse is asked.
with found as (
    select
        id, created_at, title, person_id, model, resolution, duration_s, status, cause, charge_usd
    from generations
    where
        day >= %(since)s and day < %(until)s
        and (status in ('failed', 'canceled') or verdict = 'rejected')
        and case status
            when 'failed' then coalesce(cause, 'unknown')
            when 'canceled' then 'stopped'
            else 'rejected'
        end = %(reason)s
),

dearest as (
    select * from found
    order by charge_usd desc nulls last, created_at desc, id
    limit 200
)

select
    g.created_at, g.title, p.name as person, g.model, g.resolution, g.duration_s, g.status,
    g.cause, coalesce(g.charge_usd, 0) as amount_usd, g.id as generation_id,
    (select count(*) from found) as all_rows,
    (select sum(coalesce(charge_usd, 0)) from found) as all_usd
from dearest as g
left join people as p on p.id = g.person_id
order by amount_usd desc, g.created_at desc, g.id;

-- name: costs_charges_behind
-- As the warehouse is asked.
with found as (
    select *
    from charges
    where day >= %(since)s and day < %(until)s
),

dearest as (
    select * from found
    order by abs(amount_usd) desc, created_at desc, id
    limit 200
),

whole as (
    select count(*) as all_rows, sum(amount_usd) as all_usd from found
)

select
    c.created_at, g.title, p.name as person, c.model, c.resolution, c.duration_s, c.status,
    c.cause, c.kind, c.amount_usd, c.note, c.generation_id, w.all_rows, w.all_usd
from dearest as c
cross join whole as w
left join generations as g on g.id = c.generation_id
left join people as p on p.id = c.person_id
order by abs(c.amount_usd) desc, c.created_at desc, c.id;

-- name: costs_made_behind
-- As the warehouse is asked.
with asked as materialized (
    select id, created_at, title, person_id, model, resolution, duration_s, status, cause, charge_usd
    from generations
    where
        day >= %(since)s and day < %(until)s
        and case %(part)s::text
            when 'finished' then status = 'completed'
            when 'approved' then status = 'completed' and verdict = 'approved'
            when 'good' then
                status = 'completed' and charge_usd is not null
                and verdict is distinct from 'rejected'
            when 'wasted' then
                charge_usd is not null
                and (status in ('failed', 'canceled') or verdict = 'rejected')
        end
),

dearest as (
    select * from asked
    order by charge_usd desc nulls last, created_at desc, id
    limit 200
)

select
    d.created_at, d.title, p.name as person, d.model, d.resolution, d.duration_s, d.status,
    d.cause, coalesce(d.charge_usd, 0) as amount_usd, d.id as generation_id,
    (select count(*) from asked) as all_rows,
    (select coalesce(sum(charge_usd), 0) from asked) as all_usd
from dearest as d
left join people as p on p.id = d.person_id
order by amount_usd desc, d.created_at desc, d.id;

-- name: latency_typical_behind
-- As the warehouse is asked.
select
    id as generation_id, title, our_queue_s, fal_queue_s, inference_s, store_s, total_s
from generations
where
    day >= %(since)s and day < %(until)s and status = 'completed' and total_s is not null
order by abs(total_s - %(median_s)s::double precision), created_at desc, id
limit 1;

-- name: usage_totals
-- As the warehouse is asked.
select
    count(distinct person_id) filter (where generations > 0 or events > 0) as active,
    sum(generations) as generations, sum(completed) as completed,
    sum(completed + failed) as ended, sum(approved) as approved, sum(downloaded) as downloaded,
    sum(shared) as shared, sum(spend_usd) as spend_usd
from cells
where day >= %(since)s and day < %(until)s;

-- name: usage_active
-- As the warehouse is asked.
select date_trunc(%(grain)s, day)::date as day, count(distinct person_id) as people
from cells
where day >= %(since)s and day < %(until)s and (generations > 0 or events > 0)
group by 1
having count(distinct person_id) > 0
order by 1;

-- name: usage_course
-- As the warehouse is asked.
with used as (
    select
        day,
        count(distinct person_id) filter (where generations > 0 or events > 0) as active,
        sum(generations) as generations, sum(completed) as completed, sum(failed) as failed,
        sum(canceled) as canceled, sum(approved) as approved, sum(downloaded) as downloaded,
        sum(shared) as shared, sum(spend_usd) as spend_usd
    from cells
    where day >= %(since)s and day < %(until)s
    group by day
)

select
    days.day::date as day, coalesce(u.active, 0) as active,
    coalesce(u.generations, 0) as generations, coalesce(u.completed, 0) as completed,
    coalesce(u.failed, 0) as failed, coalesce(u.canceled, 0) as canceled,
    coalesce(u.approved, 0) as approved, coalesce(u.downloaded, 0) as downloaded,
    coalesce(u.shared, 0) as shared, coalesce(u.spend_usd, 0) as spend_usd
from generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day', '1 day')
    as days (day)
left join used as u on u.day = days.day::date
order by days.day;

-- name: usage_people
-- As the warehouse is asked.
select
    c.person_id as id, min(p.name) as name, sum(c.generations) as generations,
    sum(c.completed) as completed, sum(c.completed + c.failed) as ended,
    sum(c.approved) as approved, sum(c.downloaded) as downloaded, sum(c.shared) as shared,
    sum(c.spend_usd) as spend_usd
from cells as c
left join people as p on p.id = c.person_id
where c.day >= %(since)s and c.day < %(until)s and c.person_id is not null
group by c.person_id
having sum(c.generations) > 0 or sum(c.events) > 0 or sum(c.charges) > 0
order by lower(min(p.name)) nulls last, c.person_id;

-- name: usage_retention
-- As the warehouse is asked.
with months as (
    select distinct person_id, date_trunc('month', day)::date as month
    from cells
    where person_id is not null and (generations > 0 or events > 0)
),

began as (
    select person_id, min(month) as cohort
    from months
    group by person_id
)

select
    b.cohort,
    (extract(year from m.month) - extract(year from b.cohort)) * 12
    + extract(month from m.month) - extract(month from b.cohort) as later,
    count(*) as people
from months as m
inner join began as b on b.person_id = m.person_id
group by 1, 2
order by 1, 2;

-- name: usage_waiting
-- As the warehouse is asked, for one person.
select
    percentile_cont(0.5) within group (order by total_s) as median_s, count(total_s) as videos
from generations
where
    day >= %(since)s and day < %(until)s and status = 'completed'
    and person_id = any(%(people)s);

-- name: usage_latest
-- As the warehouse is asked, for one person.
select
    created_at, title, model, resolution, duration_s, status, cause, verdict, charge_usd,
    id as generation_id
from generations
where day >= %(since)s and day < %(until)s and person_id = any(%(people)s)
order by created_at desc, id
limit 50;

-- name: usage_favourites
-- As the warehouse is asked, for one person.
select count(distinct generation_id) as favourites
from events
where
    day >= %(since)s and day < %(until)s and kind = 'favourited'
    and person_id = any(%(people)s);

-- name: costs_drafts
-- As the warehouse is asked.
with paid as materialized (
    select
        id, day, batch_id, parent_id, charge_usd, duration_s::numeric as duration_s,
        charge_usd / nullif(duration_s, 0)::numeric as usd_per_s
    from generations
    where
        day >= %(since)s::date - 90 and day < %(until)s and status = 'completed'
        and charge_usd > 0
),

final as (
    select id, parent_id, usd_per_s
    from paid
    where day >= %(since)s and parent_id is not null
),

chosen as (
    select distinct on (p.id)
        p.id, p.batch_id, p.parent_id, p.charge_usd, p.duration_s, f.id as final_id,
        f.usd_per_s as final_usd_per_s
    from final as f
    inner join paid as p on p.id = f.parent_id
    where p.usd_per_s < 0.8 * f.usd_per_s
    order by p.id, f.usd_per_s desc
),

sister as (
    select distinct on (d.id)
        d.id, d.charge_usd, d.duration_s, c.final_id, c.final_usd_per_s
    from chosen as c
    inner join paid as d
        on d.batch_id = c.batch_id and d.parent_id is not distinct from c.parent_id
    where
        d.usd_per_s < 0.8 * c.final_usd_per_s
        and not exists (select from chosen as o where o.id = d.id)
    order by d.id, c.final_usd_per_s desc
),

draft as (
    select charge_usd, duration_s, final_id, final_usd_per_s from chosen
    union all
    select charge_usd, duration_s, final_id, final_usd_per_s from sister
)

select
    count(*) as drafts, sum(charge_usd) as drafts_usd,
    sum(final_usd_per_s * duration_s) as as_finals_usd,
    sum(final_usd_per_s * duration_s - charge_usd) as saved_usd
from draft;
