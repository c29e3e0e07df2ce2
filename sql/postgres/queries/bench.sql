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
