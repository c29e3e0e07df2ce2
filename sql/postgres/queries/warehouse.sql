-- name: begin
-- One look at the record: every statement of the pull sees the same rows, and writes nothing.
set transaction isolation level repeatable read read only;

-- name: share_look
-- The name under which other transactions can see what this one sees, until it ends.
select pg_export_snapshot() as name;

-- name: share_in
-- See what the transaction sees that gave this name.
set transaction snapshot '/*snapshot*/';

-- name: act
-- Read as the studio itself, past nobody's policies, until the transaction ends.
select set_config('role', 'service_role', true);

-- name: horizon
-- Transactions before `watermark` are over; in which cluster, history, database and tables (a dump
-- that is put back and a truncation make new ones); the company's zone. `next` has not begun: a
-- lake that is beyond it is of another history.
select
    pg_snapshot_xmin(pg_current_snapshot())::text as watermark,
    pg_snapshot_xmax(pg_current_snapshot())::text as next,
    concat_ws('/', s.system_identifier, c.timeline_id, d.oid,
        pg_relation_filenode('studio.generations'), pg_relation_filenode('studio.charges'),
        pg_relation_filenode('studio.events')) as system_id,
    o.time_zone
from studio.organisation as o
cross join pg_control_system() as s
cross join pg_control_checkpoint() as c
inner join pg_database as d on d.datname = current_database();

-- name: changed
-- Whether anything was written since a watermark that the warehouse has not read.
select
    exists (select from studio.generations where sync_xid >= %(since)s::text::xid8)
    or exists (select from studio.attempts where sync_xid >= %(since)s::text::xid8)
    or exists (select from studio.charges where sync_xid >= %(since)s::text::xid8)
    or exists (select from studio.videos where sync_xid >= %(since)s::text::xid8)
    or exists (select from studio.events where sync_xid >= %(since)s::text::xid8)
    or exists (select from studio.sync_marks where sync_xid >= %(since)s::text::xid8)
    as changed;

-- name: lock
-- Become the one that syncs; false when another does. Held until `unlock` or the connection's end.
select pg_try_advisory_lock(727274024) as mine;

-- name: unlock
-- Let another sync.
select pg_advisory_unlock(727274024) as mine;

-- name: still_here
-- Whether the connection, and with it the lock, is alive.
select true;

-- name: touched
-- Generations whose row in the warehouse may be another now, with those that came after one that
-- was made for the first time. `judged`: only because of what people made of the video.
select t.id::text as id, bool_and(t.judged) as judged from (
    select g.id, false as judged from studio.generations as g
    where g.sync_xid >= %(since)s::text::xid8
    union all
    select a.generation_id, false from studio.attempts as a
    where a.sync_xid >= %(since)s::text::xid8
    union all
    select c.generation_id, false from studio.charges as c
    where c.sync_xid >= %(since)s::text::xid8 and c.generation_id is not null
    union all
    select v.id, true from studio.videos as v where v.sync_xid >= %(since)s::text::xid8
    union all
    select m.key::uuid, false from studio.sync_marks as m
    where m.sync_xid >= %(since)s::text::xid8 and m.dataset = 'generations'
    union all
    select s.id, false from studio.generations as g
    inner join studio.generations as s
        on s.fingerprint = g.fingerprint and s.created_at > g.finished_at
    where g.sync_xid >= %(since)s::text::xid8 and g.status = 'completed'
) as t
group by t.id;

-- name: marks
-- What is gone or moved, and when the warehouse files it.
select
    m.dataset, m.key, m.was_at at time zone 'utc' as was_at,
    (m.was_at at time zone o.time_zone)::date as was_on
from studio.sync_marks as m
cross join studio.organisation as o
where m.sync_xid >= %(since)s::text::xid8 and m.was_at is not null;

-- name: generations
-- Rows of generations as they are asked for and stand.
select
    g.id, g.created_at at time zone 'utc' as created_at,
    g.created_at at time zone o.time_zone as created_there,
    g.submitted_at at time zone 'utc' as submitted_at,
    g.finished_at at time zone 'utc' as finished_at,
    g.person_id, g.team_id, g.campaign_id, g.parent_id, g.batch_id, g.lane, g.model,
    g.parameters ->> 'resolution' as resolution,
    g.parameters ->> 'aspect_ratio' as aspect_ratio,
    (g.parameters ->> 'duration_s')::double precision as duration_s,
    coalesce((g.parameters ->> 'generate_audio')::boolean, false) as with_audio,
    g.status, g.cause, g.title, g.prompt, g.fingerprint,
    g.price_usd_per_unit::text as price_usd_per_unit, g.estimate_usd::text as estimate_usd
from studio.generations as g
cross join studio.organisation as o
/*chosen*/;

-- name: attempts
-- When fal took, began and ended what was sent to it.
select
    a.generation_id, a.number::integer as number,
    a.accepted_at at time zone 'utc' as accepted_at,
    a.started_at at time zone 'utc' as started_at,
    a.completed_at at time zone 'utc' as completed_at
from studio.attempts as a
/*chosen*/;

-- name: videos
-- What people made of the videos.
select
    v.id, v.verdict, v.verdict_at at time zone 'utc' as verdict_at, v.rating_hundredths,
    v.status = 'trashed' as trashed, v.size_bytes
from studio.videos as v
/*chosen*/;

-- name: charges
-- Rows of the ledger.
select
    c.id, c.created_at at time zone 'utc' as created_at,
    (c.created_at at time zone o.time_zone)::date as day,
    c.generation_id, c.person_id, c.team_id, c.campaign_id, c.kind,
    c.amount_usd::text as amount_usd, c.billable_units::double precision as billable_units,
    c.verified, coalesce(c.note, '') as note
from studio.charges as c
cross join studio.organisation as o
/*chosen*/;

-- name: events
-- What people and workers did.
select
    e.id, e.at at time zone 'utc' as happened_at, (e.at at time zone o.time_zone)::date as day,
    e.kind, e.person_id, e.team_id, e.generation_id
from studio.events as e
cross join studio.organisation as o
/*chosen*/;

-- name: first_made
-- When what was asked for was made for the first time.
select g.fingerprint, min(g.finished_at) at time zone 'utc' as finished_at
from studio.generations as g
/*chosen*/
group by g.fingerprint;

-- name: people
-- Everybody, also those who have left.
select
    p.id, p.name, p.email, p.role, p.team_id, p.active,
    p.created_at at time zone 'utc' as created_at
from studio.people as p;

-- name: teams
-- All teams.
select t.id, t.name from studio.teams as t;

-- name: campaigns
-- All campaigns, also archived ones.
select c.id, c.team_id, c.name from studio.campaigns as c;

-- name: holds
-- Money that is set aside now.
select
    h.generation_id, h.person_id, h.team_id, h.campaign_id, h.amount_usd::text as amount_usd,
    h.created_at at time zone 'utc' as created_at, h.expires_at at time zone 'utc' as expires_at
from studio.holds as h
where h.released_at is null;

-- name: chosen_generations
-- Those of the pull.
where g.id = any(string_to_array(%(generations)s, ',')::uuid []);

-- name: chosen_attempts
-- Those of the generations of the pull.
where a.generation_id = any(string_to_array(%(generations)s, ',')::uuid []);

-- name: chosen_videos
-- Those of the generations of the pull.
where v.id = any(string_to_array(%(generations)s, ',')::uuid []);

-- name: chosen_charges
-- Those of the generations of the pull, and those of no generation.
where c.generation_id = any(string_to_array(%(generations)s, ',')::uuid [])
    or c.sync_xid >= %(since)s::text::xid8
    or c.id = any(string_to_array(%(charges)s, ',')::uuid []);

-- name: chosen_events
-- Those of the pull.
where e.sync_xid >= %(since)s::text::xid8
    or e.id = any(string_to_array(%(events)s, ',')::bigint []);

-- name: chosen_first_made
-- Those that generations of the pull ask for.
where g.status = 'completed' and g.fingerprint in (
    select t.fingerprint from studio.generations as t
    where t.id = any(string_to_array(%(generations)s, ',')::uuid []));

-- name: all_first_made
-- Those that were asked for more than once: all others were made for the first time themselves.
where g.status = 'completed' and g.fingerprint in (
    select t.fingerprint from studio.generations as t
    group by t.fingerprint having count(*) > 1);

-- name: touched_charges
-- Rows of the ledger that may be others now.
select c.id::text as id from studio.charges as c where c.sync_xid >= %(since)s::text::xid8
union
select m.key from studio.sync_marks as m
where m.sync_xid >= %(since)s::text::xid8 and m.dataset = 'charges';

-- name: totals
-- What the warehouse has to agree on, without the rows that it has still to read.
select 'generations' as what, g.status as name, count(*) as n, sum(g.estimate_usd)::text as usd
from studio.generations as g
where g.id <> all(string_to_array(%(generations)s, ',')::uuid [])
group by g.status
union all
select 'charges', c.kind, count(*), sum(c.amount_usd)::text
from studio.charges as c
where c.id <> all(string_to_array(%(charges)s, ',')::uuid [])
    and coalesce(c.generation_id <> all(string_to_array(%(generations)s, ',')::uuid []), true)
group by c.kind;
