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

-- name: skip_triggers
-- Rows are as they would have become: nothing checks references or counts.
set session_replication_role = replica;

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
    model, prompt, prompt,
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

-- name: analyze_record
-- What autovacuum does in its own time.
analyze;

-- name: forget_words
-- Search has no part in this, and its words take longest to write.
alter table studio.videos drop column words;

-- name: plain_lengths
-- So that a video can be written as another one is.
alter table studio.videos alter column duration_ms drop expression;

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
    greatest(date_trunc(%(grain)s, c.day)::date, %(since)s) as day, c.team_id as id,
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
    greatest(date_trunc(%(grain)s, day)::date, %(since)s) as day, sum(billed_usd) as billed_usd,
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
    percentile_cont(0.5) within group (order by charge_usd / nullif(estimate_usd, 0) - 1)
        as median_difference,
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

-- name: latency_phases
-- As the warehouse is asked; the roll-up's answer within a per cent is compared with this one too.
select
    p.phase, percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by p.seconds) as s,
    count(p.seconds) as n
from generations as g
cross join lateral (
    values ('our_queue', g.our_queue_s), ('fal_queue', g.fal_queue_s),
        ('inference', g.inference_s), ('store', g.store_s), ('total', g.total_s)
) as p (phase, seconds)
where g.day >= %(since)s and g.day < %(until)s and g.status = 'completed'
group by p.phase;

-- name: latency_by_model
-- As the warehouse is asked, for the whole.
select
    model, resolution,
    percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by total_s) as s,
    count(*) as n
from generations
where day >= %(since)s and day < %(until)s and status = 'completed'
group by model, resolution
order by model, resolution;

-- name: latency_course
-- As the warehouse is asked, for the whole.
select
    date_trunc(%(grain)s, day)::date as day,
    percentile_cont(array[0.5, 0.9, 0.95, 0.99]) within group (order by total_s) as s,
    count(*) as n
from generations
where day >= %(since)s and day < %(until)s and status = 'completed'
group by 1
order by 1;

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
