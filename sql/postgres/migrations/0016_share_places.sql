-- Sharing the account's places at fal among people, and the queue as colleagues see it.

-- The claim goes from person to person with it, however much each has queued.
create index generations_queued on studio.generations (lane, person_id, created_at, id)
where status = 'queued';
-- By the token, which stays the same while the lease is renewed.
create index generations_leased on studio.generations (person_id)
where status = 'queued' and lease_token is not null;

-- A row for each place at fal that is taken, or about to be: what the account's allowance and a
-- person's limit are counted against. Who has lost the answer to a submit takes one until the
-- request can't be running any more: fal gives back what has not started by its deadline, and ends
-- a run after an hour (fal docs, Queue API, Submit: `X-Fal-Request-Timeout`; Serverless, run limit).
create view studio.in_flight as
select g.id, g.person_id
from studio.generations as g
where g.finished_at is null and g.status in ('submitting', 'waiting', 'running')
union all
select g.id, g.person_id
from studio.generations as g
where g.finished_at is null and g.status in ('unknown', 'canceling')
    and not exists (
        select from studio.attempts as a
        where a.generation_id = g.id and a.state = 'unknown'
            and a.start_deadline < now() - interval '1 hour')
union all
select g.id, g.person_id
from studio.generations as g
where g.status = 'queued' and g.lease_token is not null and g.lease_until > now();
comment on view studio.in_flight is 'A row for each place at fal that is taken or about to be.';

-- Everybody's place in our queue: the order in which `claim_submit` would take them if nothing
-- ended meanwhile. The next is always of a person with the fewest in flight, so a person's n-th
-- goes at level `busy + n`. Of those on a level, whoever has just reached it goes before those who
-- were served on their way there.
create view studio.queue_places as
with busy as (
    select f.person_id, count(*) as n from studio.in_flight as f group by f.person_id
),

waiting as (
    select
        g.id, g.person_id, g.lane, g.created_at, coalesce(b.n, 0) as busy, t.last_turn_at,
        row_number() over w as nth,
        first_value(g.created_at) over w as first_at,
        first_value(g.id) over w as first_id
    from studio.generations as g
    left join busy as b on b.person_id = g.person_id
    left join studio.turns as t on t.person_id = g.person_id
    where g.status = 'queued'
        and (g.not_before is null or g.not_before <= now())
        and (g.lease_until is null or g.lease_until <= now())
    window w as (partition by g.lane, g.person_id order by g.created_at, g.id)
),

interactive as (
    select
        w.*,
        row_number() over (
            order by w.busy + w.nth, w.busy desc, w.last_turn_at nulls first, w.first_at, w.first_id
        ) as place
    from waiting as w where w.lane = 'interactive'
),

-- Where each person stands when the batches' turn comes.
served as (
    select i.person_id, count(*) as n, max(i.place) as last_place
    from interactive as i group by i.person_id
),

places as (
    select i.id, i.person_id, i.lane, i.nth, i.place from interactive as i
    union all
    select
        w.id, w.person_id, w.lane, w.nth,
        (select count(*) from interactive) + row_number() over (
            order by
                w.busy + coalesce(s.n, 0) + w.nth, w.busy + coalesce(s.n, 0) desc,
                s.last_place nulls first, w.last_turn_at nulls first, w.first_at, w.first_id)
    from waiting as w
    left join served as s on s.person_id = w.person_id
    where w.lane = 'batch'
)

select
    p.id, p.place,
    row_number() over (partition by p.person_id order by p.lane desc, p.nth) as own_place
from places as p;
comment on view studio.queue_places is 'Place of each generation that waits for us, first is 1.';
comment on column studio.queue_places.own_place is 'Place among those of the same person.';

create or replace view studio.team_queue with (security_barrier) as
select
    g.id,
    g.person_id,
    p.name as person_name,
    g.team_id,
    g.status,
    g.model,
    g.lane,
    g.created_at,
    g.updated_at,
    g.finished_at,
    places.place,
    g.person_id = auth.uid() as mine,
    case when g.person_id = auth.uid() or (select studio.my_role()) in ('manager', 'admin')
        then g.title end as title,
    g.cancel_requested_at,
    places.own_place,
    g.status = 'queued' and coalesce(g.lease_until > now(), false) as claimed
from studio.generations as g
inner join studio.people as p on p.id = g.person_id
left join studio.queue_places as places on places.id = g.id
where auth.uid() is not null
    and (g.team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin');
comment on column studio.team_queue.place is
    'Place among all that wait for us, first is 1; null: does not wait, or is tried again later.';
comment on column studio.team_queue.own_place is 'The same among those of its person.';
comment on column studio.team_queue.claimed is 'Queued still, and in the hands of a worker.';

-- How busy the account at fal is, in all and with what the person who asks has submitted.
create function studio.queue_load() returns table (
    in_flight bigint, own_in_flight bigint, queued bigint, own_queued bigint
)
language sql stable security definer set search_path = '' as $$
    select f.n, f.own, q.n, q.own
    from (
        select count(*), count(*) filter (where i.person_id = auth.uid())
        from studio.in_flight as i
    ) as f (n, own)
    cross join (
        select count(*), count(*) filter (where g.person_id = auth.uid())
        from studio.generations as g
        where g.status = 'queued' and (g.lease_until is null or g.lease_until <= now())
    ) as q (n, own)
    where studio.my_role() is not null
$$;

grant select on studio.in_flight, studio.queue_places to service_role;
revoke execute on function studio.queue_load() from public;
grant execute on function studio.queue_load() to authenticated, service_role;
