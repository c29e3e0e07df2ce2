-- name: add
-- Something happened.
insert into studio.events (kind, person_id, team_id, generation_id, detail)
values (%(kind)s, %(person_id)s, %(team_id)s, %(generation_id)s, %(detail)s);

-- name: beat
-- A process says that it is at work.
insert into studio.processes (name, kind, host, pid)
values (%(name)s, %(kind)s, %(host)s, %(pid)s)
on conflict (name) do update set
    beat_at = now(),
    started_at = case
        when processes.pid = excluded.pid then processes.started_at else now() end,
    kind = excluded.kind, host = excluded.host, pid = excluded.pid;

-- name: leave
-- A process ends in good order.
delete from studio.processes where name = %(name)s and pid = %(pid)s;

-- name: forget_silent
-- Forget processes that have been silent for a day.
delete from studio.processes where beat_at < now() - interval '1 day';

-- name: at_work
-- Processes that gave a sign of life in the last seconds.
select kind, count(*) as n, max(extract(epoch from now() - beat_at))::double precision as silent_s
from studio.processes
where beat_at > now() - make_interval(secs => %(within_s)s)
group by kind;

-- name: lead
-- Become the one watcher that leads; false when another leads. Held until the connection ends.
select pg_try_advisory_lock(727274003) as leads;

-- name: still_here
-- Whether the connection is alive.
select true;
