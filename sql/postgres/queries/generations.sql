-- name: insert
-- A generation as it is admitted.
insert into studio.generations (
    id, person_id, team_id, campaign_id, parent_id, lane, title, tags, model, endpoint, prompt,
    sent_prompt, parameters, seed, start_image, end_image, fingerprint, price_usd_per_unit,
    price_tokens_per_unit, price_source, price_as_of, estimate_usd)
values (
    %(id)s, %(person_id)s, %(team_id)s, %(campaign_id)s, %(parent_id)s, %(lane)s, %(title)s,
    %(tags)s, %(model)s, %(endpoint)s, %(prompt)s, %(sent_prompt)s, %(parameters)s, %(seed)s,
    %(start_image)s, %(end_image)s, %(fingerprint)s, %(price_usd_per_unit)s,
    %(price_tokens_per_unit)s, %(price_source)s, %(price_as_of)s, %(estimate_usd)s);

-- name: by_id
-- One generation with the names of its person and campaign.
select g.*, studio.person_name(g.person_id) as person_name, c.name as campaign_name
from studio.generations as g
left join studio.campaigns as c on c.id = g.campaign_id
where g.id = %(id)s;

-- name: open_retry
-- A person's own unfinished new try of a generation, beside the one that is just written.
select id from studio.generations
where parent_id = %(parent_id)s and person_id = %(person_id)s and finished_at is null
    and id is distinct from %(beside)s::uuid
order by created_at
limit 1;

-- name: history
-- Every change of one generation's status, first to last.
select from_status, to_status, at from studio.generation_history
where generation_id = %(id)s
order by id;

-- name: transition
-- The one guarded change of status. No row: the generation is not in a status that allows it, or
-- the lease named is no longer the holder's.
update studio.generations set
    status = %(to_status)s,
    cause = %(cause)s,
    problem = %(problem)s,
    todo = %(todo)s,
    problem_detail = %(problem_detail)s,
    tries = case
        when %(count_try)s then tries + 1
        when %(to_status)s = 'submitting' then tries  -- the try itself, not its end
        else 0 end,
    not_before = now() + make_interval(secs => %(wait_s)s),
    lease_token = case when %(keep_lease)s then lease_token end,
    lease_until = case when %(keep_lease)s then lease_until end,
    submitted_at = case when %(to_status)s = 'submitting' then now() else submitted_at end
where id = %(id)s
    and status = any(%(from_statuses)s)
    and (%(lease_token)s::uuid is null or lease_token = %(lease_token)s::uuid)
returning id;

-- name: request_stop
-- The guarded change of status a person may make: stop it. No row: too late, or not theirs.
update studio.generations set status = %(to_status)s, cancel_requested_at = now()
where id = %(id)s and status = any(%(from_statuses)s)
returning id;

-- name: lock_claims
-- One claim at a time, so that the limit on requests in flight is exact.
select pg_advisory_xact_lock(727274002);

-- name: claim_submit
-- Lease the next queued generation in fair order: interactive before batch, then of the person with
-- the fewest in flight, then of the one whose turn was longest ago, then first come first served. No
-- row when there is none, when the account's or everybody's own limit of requests in flight is
-- reached, or while the account at fal is locked. Reads what is in flight and the first of each
-- person, never the whole queue.
with recursive in_flight as materialized (
    select person_id, count(*) as n from studio.in_flight group by person_id
),

open_door as (
    select from studio.provider_state where locked_since is null or next_probe_at <= now()
),

people as (
    (
        select lane, person_id from studio.generations
        where status = 'queued'
        order by lane, person_id
        limit 1
    )
    union all
    select following.lane, following.person_id
    from people
    cross join lateral (
        select g.lane, g.person_id from studio.generations as g
        where g.status = 'queued' and (g.lane, g.person_id) > (people.lane, people.person_id)
        order by g.lane, g.person_id
        limit 1
    ) as following
),

firsts as (
    select first.id, coalesce(f.n, 0) as busy
    from people as p
    left join in_flight as f on f.person_id = p.person_id
    cross join lateral (
        select g.id from studio.generations as g
        where g.status = 'queued' and g.lane = p.lane and g.person_id = p.person_id
            and (g.not_before is null or g.not_before <= now())
            and (g.lease_until is null or g.lease_until <= now())
        order by g.created_at, g.id
        limit 1
    ) as first
    where coalesce(f.n, 0) < coalesce(%(person_limit)s, %(in_flight_limit)s)
),

next_one as (
    select g.id, g.person_id
    from firsts
    inner join studio.generations as g on g.id = firsts.id
    left join studio.turns as t on t.person_id = g.person_id
    where g.status = 'queued'
        and (g.lease_until is null or g.lease_until <= now())
        and (select coalesce(sum(n), 0) from in_flight) < %(in_flight_limit)s
        and exists (select from open_door)
    order by g.lane desc, firsts.busy, t.last_turn_at nulls first, g.created_at, g.id
    limit 1
    for update of g skip locked
),

probe as (
    -- The one that is let through while the account is locked; the next is, when it is not heard of.
    update studio.provider_state set next_probe_at = now() + make_interval(secs => %(lease_s)s)
    where locked_since is not null and exists (select from next_one)
),

turn as (
    insert into studio.turns (person_id, last_turn_at)
    select person_id, clock_timestamp() from next_one
    on conflict (person_id) do update set last_turn_at = excluded.last_turn_at
)

update studio.generations as g
set lease_token = gen_random_uuid(), lease_until = now() + make_interval(secs => %(lease_s)s)
from next_one
where g.id = next_one.id
returning g.id, g.lease_token;

-- name: claim_collect
-- Lease the generation that has waited longest to be collected. A lease that ran out was never
-- given back: its worker died. After the third death the next worker comes minutes later.
with next_one as (
    select id from studio.generations
    where status = 'collecting' and deaths < %(most_deaths)s
        and (not_before is null or not_before <= now())
        and (lease_until is null
            or lease_until <= now() - make_interval(mins => greatest(deaths - 2, 0)))
    order by updated_at
    limit 1
    for update skip locked
)

update studio.generations as g set
    deaths = deaths + (lease_token is not null)::int,
    lease_token = gen_random_uuid(),
    lease_until = now() + make_interval(secs => %(lease_s)s)
from next_one
where g.id = next_one.id
returning g.id, g.lease_token;

-- name: renew_lease
-- The holder's heartbeat. No row: the lease is lost.
update studio.generations set lease_until = now() + make_interval(secs => %(lease_s)s)
where id = %(id)s and lease_token = %(lease_token)s
returning id;

-- name: postpone
-- Give a lease back without a change of status, to be tried again after a wait. No row: the lease
-- is lost, or a person stopped it.
update studio.generations set
    lease_token = null, lease_until = null, tries = tries + %(count_try)s::boolean::int,
    problem = %(problem)s, todo = %(todo)s, problem_detail = %(problem_detail)s,
    not_before = now() + make_interval(secs => %(wait_s)s)
where id = %(id)s and lease_token = %(lease_token)s and status in ('queued', 'collecting')
returning tries;

-- name: lost_submits
-- Generations whose worker died while submitting: nobody knows whether the POST was sent.
select id from studio.generations
where status = 'submitting' and (lease_until is null or lease_until <= now())
for update skip locked;

-- name: lost_cancels
-- Generations being canceled whose POST was in a worker's hands when the worker died.
select g.id from studio.generations as g
inner join studio.attempts as a on a.generation_id = g.id
where g.status = 'canceling' and a.state = 'intended'
    and (g.lease_until is null or g.lease_until <= now())
for update of g skip locked;

-- name: work_to_ring
-- How much unclaimed work each queue has that could be done now: what lost bells left behind.
with submit as (
    select least(q.n, coalesce(%(person_limit)s, q.n) - coalesce(f.n, 0)) as n
    from (
        select person_id, count(*) as n from studio.generations
        where status = 'queued'
            and (not_before is null or not_before <= now())
            and (lease_until is null or lease_until <= now())
        group by person_id
    ) as q
    left join (
        select person_id, count(*) as n from studio.in_flight group by person_id
    ) as f on %(person_limit)s::int is not null and f.person_id = q.person_id
    where exists (
        select from studio.provider_state where locked_since is null or next_probe_at <= now())
)

select
    (select coalesce(sum(greatest(n, 0)), 0)::bigint from submit) as submit,
    (
        select count(*) from studio.generations
        where status = 'collecting'
            and (not_before is null or not_before <= now())
            and (lease_until is null or lease_until <= now())
    ) as collect,
    (
        select count(distinct r.video_id) from studio.renditions as r
        inner join studio.videos as v on v.id = r.video_id
        where r.state = 'pending'
            and (v.render_not_before is null or v.render_not_before <= now())
            and (v.render_lease_until is null or v.render_lease_until <= now())
    ) as media;

-- name: in_flight
-- Places at fal that are taken or about to be, and generations that wait for us.
select
    (select count(*) from studio.in_flight) as in_flight,
    (
        select count(*) from studio.generations
        where status = 'queued' and (lease_until is null or lease_until <= now())
    ) as queued;

-- name: queue_load
-- How busy the account at fal is, in all and with what the reader has submitted.
select in_flight, own_in_flight, queued, own_queued from studio.queue_load();

-- name: lock_submits
-- One admission of a person at a time, so that their limit of submits is exact.
select pg_advisory_xact_lock(727274003, hashtext(%(person_id)s::text));

-- name: wait_for_submit
-- Seconds until a person may submit again, when they have reached the limit of submits in a minute; no
-- row: now. Everything admitted in one batch is one submit. Reads the last minute of this person.
select extract(epoch from s.at + interval '1 minute' - now())::double precision as wait_s
from (
    select min(created_at) as at from studio.generations
    where person_id = %(person_id)s and created_at > now() - interval '1 minute'
    group by coalesce(batch_id, id)
) as s
order by s.at desc
offset %(most)s - 1
limit 1;

-- name: team_queue
-- Unfinished generations and those finished in the last day, as the reader may see them: what is
-- collected, what is at fal, what waits for us by place, then the finished, newest first. Each row
-- says how many there are of each in all, past the limit too.
select
    q.*, g.problem, g.todo, g.cause, g.estimate_usd, g.tries, a.queue_position,
    a.started_at, a.logs -> -1 ->> 'message' as last_log, ch.amount_usd as charge_usd,
    count(*) over () as n_all,
    count(*) filter (where q.stage = 'waiting') over () as n_waiting,
    count(*) filter (where q.stage = 'at_fal') over () as n_at_fal,
    count(*) filter (where q.stage = 'collecting') over () as n_collecting,
    count(*) filter (where q.stage <> 'ended' and q.mine) over () as n_mine
from (
    select
        *,
        case
            when finished_at is not null then 'ended'
            when status = 'collecting' then 'collecting'
            when status in ('queued', 'awaiting_approval') and not claimed then 'waiting'
            else 'at_fal' end as stage
    from studio.team_queue
    where (finished_at is null or finished_at > now() - interval '1 day')
        and (not %(mine)s or mine)
) as q
left join studio.generations as g on g.id = q.id
left join studio.attempts as a
    on a.generation_id = q.id and a.state in ('intended', 'accepted', 'unknown')
left join studio.charges as ch on ch.generation_id = q.id and ch.kind = 'charge'
order by
    q.finished_at is not null, q.finished_at desc,
    array_position(array['collecting', 'at_fal', 'waiting'], q.stage), q.place, q.created_at
limit %(limit)s;

-- name: usual_seconds
-- Median and 90th percentile of seconds from submit to the end, of the last 200 like it.
select
    percentile_cont(0.5) within group (order by s) as p50_s,
    percentile_cont(0.9) within group (order by s) as p90_s,
    count(*) as n
from (
    select extract(epoch from finished_at - submitted_at)::double precision as s
    from studio.generations
    where status = 'completed' and model = %(model)s
        and parameters ->> 'resolution' = %(resolution)s
        and (parameters ->> 'duration_s')::int = %(duration_s)s
    order by created_at desc
    limit 200
) as recent;
