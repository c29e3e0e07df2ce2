-- name: processes
-- Which processes are at work: kind and process id.
select kind, pid from studio.processes;

-- name: unfinished
-- How many generations are on their way.
select count(*) as n from studio.generations where finished_at is null;

-- name: totals
-- What became of every generation, and of the money held for it.
select
    count(*) filter (where status = 'completed') as completed,
    count(*) filter (where status in ('failed', 'canceled')) as failed,
    count(*) filter (where finished_at is null) as unfinished,
    (select count(*) from studio.holds where released_at is null) as open_holds
from studio.generations;

-- name: timings
-- When each completed generation was accepted by fal, was seen to be completed there, and played.
select
    g.id, a.request_id,
    extract(epoch from a.completed_at)::double precision as seen_at,
    extract(epoch from h.at)::double precision as playable_at
from studio.generations as g
inner join studio.attempts as a on a.generation_id = g.id and a.state = 'ended'
inner join studio.generation_history as h
    on h.generation_id = g.id and h.to_status = 'completed'
where g.status = 'completed';

-- name: admitted
-- How many generations there are.
select count(*) as n from studio.generations;

-- name: to_stop
-- Generations whose prompt says that their person will stop them, while that can be done.
select id, person_id from studio.generations
where cancel_requested_at is null and (
    (prompt like %(at_once)s
        and status in ('queued', 'submitting', 'unknown', 'waiting', 'running'))
    or (prompt like %(later)s and status in ('waiting', 'running')));

-- name: faults_asked
-- How many generations ask for each fault of the simulator, and (under '') for none.
select coalesce(substring(prompt from '\[fault:([a-z0-9_]+)'), '') as name, count(*) as n
from studio.generations group by 1;

-- name: hurry_generations
-- Let the waits between tries be a second at most.
update studio.generations set not_before = now() + interval '1 second'
where not_before > now() + interval '1 second';

-- name: hurry_renders
-- The same for renditions.
update studio.videos set render_not_before = now() + interval '1 second'
where render_not_before > now() + interval '1 second';

-- name: hurry_probe
-- The same for the account's next probe.
update studio.provider_state set next_probe_at = now() + interval '1 second'
where next_probe_at > now() + interval '1 second';

-- name: hurry_exports
-- The same for zips.
update studio.exports set not_before = now() + interval '1 second'
where not_before > now() + interval '1 second';

-- name: to_export
-- People with videos and no zip under way, each with the latest two.
select v.person_id, (array_agg(v.id order by v.created_at desc, v.id))[1:2] as ids
from studio.videos as v
where v.status = 'ready' and not exists (
    select from studio.exports as e
    where e.person_id = v.person_id and e.state in ('queued', 'building'))
group by v.person_id;

-- name: open_exports
-- How many zips are still to be built.
select count(*) as n from studio.exports where state in ('queued', 'building');

-- name: fates
-- What became of each generation: one row for each attempt, or one without.
select
    g.id, g.status, g.cause, g.problem, g.prompt, a.state as attempt_state, a.marker, a.request_id,
    (select count(*) from studio.charges as c
        where c.generation_id = g.id and c.kind = 'charge') as charges,
    exists (select from studio.holds as h
        where h.generation_id = g.id and h.released_at is null) as held
from studio.generations as g
left join studio.attempts as a on a.generation_id = g.id
order by g.created_at, a.number;

-- name: pending_renditions
-- How many renditions are still to be made.
select count(*) as n from studio.renditions where state = 'pending';
