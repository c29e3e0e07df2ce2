-- name: note_refusal
-- A hard budget had no room for what the person who asks wanted.
select studio.note_refusal(%(campaign_id)s, %(scope)s, %(period)s, %(asked_usd)s);

-- name: soft_limits
-- Soft budgets whose limit is used up now; everybody's own once for each person it concerns.
select
    b.id, b.scope, b.period, s.person_id as user_id, s.target_name, s.team_id, s.limit_usd,
    s.used_usd, s.resets_at, 1 as times
from studio.budgets as b
cross join lateral (select studio.period_start(b.period, statement_timestamp())) as w (starts_at)
cross join lateral (
    /* A grant only raises a limit, so the plain sums leave few to look at closely. */
    select p.id from studio.people as p
    left join studio.held_usd as h on h.scope = 'person' and h.target_id = p.id
    left join studio.spent_usd as c on c.scope = 'person' and c.target_id = p.id
        and c.period = b.period and c.window_start = w.starts_at
    where b.scope = 'person' and b.person_id is null and p.active
        and coalesce(h.amount_usd, 0) + coalesce(c.amount_usd, 0) >= greatest(b.limit_usd, 0.000001)
    union all
    select null where b.scope <> 'person' or b.person_id is not null
) as who
cross join lateral studio.budget_standing(b, who.id) as s
where b.active and b.kind = 'soft' and s.used_usd > 0 and s.used_usd >= s.limit_usd
order by b.id, s.person_id;

-- name: hard_limits
-- Hard budgets that refused somebody in their present window and a day, and still have no room for it.
select
    b.id, b.scope, b.period, s.person_id as user_id, s.target_name, s.team_id, s.limit_usd,
    s.used_usd, s.resets_at, sum(r.times)::int as times
from studio.budget_refusals as r
inner join studio.budgets as b on b.id = r.budget_id
cross join lateral studio.budget_standing(b, r.person_id) as s
where b.active and b.kind = 'hard' and r.last_at > now() - interval '1 day'
    and r.last_at >= studio.period_start(b.period, now())
    and r.asked_usd > s.limit_usd - s.used_usd
group by b.id, s.person_id, s.target_name, s.team_id, s.limit_usd, s.used_usd, s.resets_at
order by b.id, s.person_id;

-- name: unknown_outcomes
-- Submits whose outcome has been unknown for some time: how many, since when, and what they hold.
select count(*)::int as times, min(a.created_at) as since, coalesce(sum(h.amount_usd), 0) as held_usd
from studio.attempts as a
inner join studio.generations as g on g.id = a.generation_id
left join studio.holds as h on h.generation_id = g.id and h.released_at is null
where a.state = 'unknown' and g.status in ('unknown', 'canceling')
    and a.created_at < now() - make_interval(secs => %(after_s)s);

-- name: unverified_charges
-- Charges of the last day that are not fal's bill and that nobody has corrected or confirmed: how many, how much,
-- and why the last one is not.
select
    count(*)::int as times, coalesce(sum(c.amount_usd), 0) as charged_usd,
    (array_agg(c.note order by c.created_at desc))[1] as note
from studio.charges as c
where not c.verified and c.created_at > now() - interval '1 day'
    and not exists (
        select from studio.charges as later
        where later.generation_id = c.generation_id and later.kind = 'adjustment');

-- name: stuck_queues
-- Queues whose work has waited for some time although nobody is at it: how much, and since when. A
-- generation that waits for a place at fal can't have been claimed before one was free.
with open_door as (
    select from studio.provider_state where locked_since is null or next_probe_at <= now()
),

in_flight as materialized (
    select person_id, count(*) as n from studio.in_flight group by person_id
),

place_freed as (
    select max(at) as at from (
        select h.at, h.from_status from studio.generation_history as h
        order by h.id desc limit 200) as latest
    where from_status in ('submitting', 'unknown', 'waiting', 'running', 'canceling')
),

waiting as (
    select
        case status when 'queued' then 'submit' else 'collect' end as queue,
        greatest(
            updated_at, not_before, lease_until,
            case status when 'queued' then (select at from place_freed) end) as since
    from studio.generations
    where status in ('queued', 'collecting')
        and (not_before is null or not_before <= now())
        and (lease_until is null or lease_until <= now())
        and (status = 'collecting' or (
            exists (select from open_door)
            and (select coalesce(sum(n), 0) from in_flight) < %(in_flight_limit)s
            and not exists (
                select from in_flight as f
                where f.person_id = generations.person_id and f.n >= %(person_limit)s)))
    union all
    select 'media', greatest(v.created_at, v.render_not_before, v.render_lease_until)
    from studio.videos as v
    where exists (select from studio.renditions as r where r.video_id = v.id and r.state = 'pending')
        and (v.render_not_before is null or v.render_not_before <= now())
        and (v.render_lease_until is null or v.render_lease_until <= now())
)

select queue, count(*)::int as times, min(since) as since
from waiting
where not case queue
    when 'submit' then exists (
        select from studio.turns
        where last_turn_at > now() - make_interval(secs => %(after_s)s))
    when 'collect' then exists (
        select from studio.generations where status = 'collecting' and lease_until > now())
    else exists (
        select from studio.videos as busy
        inner join studio.renditions as r on r.video_id = busy.id and r.state = 'pending'
        where busy.render_lease_until > now()) end
group by queue
having min(since) < now() - make_interval(secs => %(after_s)s)
order by queue;

-- name: see
-- A rule found it: open an alert, or go on with the one that is open.
insert into studio.alerts as a (
    kind, subject, scope, team_id, person_id, severity, title, happened, cost, todo, times_seen)
values (
    %(kind)s, %(subject)s, %(scope)s, %(team_id)s, %(person_id)s, %(severity)s, %(title)s,
    %(happened)s, %(cost)s, %(todo)s, %(times)s)
on conflict (kind, subject) where resolved_at is null do update set
    severity = excluded.severity, title = excluded.title, happened = excluded.happened,
    cost = excluded.cost, todo = excluded.todo, last_seen_at = excluded.last_seen_at,
    times_seen = greatest(a.times_seen, excluded.times_seen)
returning xmax = 0 as opened;

-- name: resolve
-- End the open alerts of a kind that its rule has not found for some time.
update studio.alerts set resolved_at = clock_timestamp()
where kind = %(kind)s and resolved_at is null and subject <> all(%(subjects)s::text [])
    and last_seen_at <= clock_timestamp() - make_interval(secs => %(settle_s)s)
returning subject;

-- name: due
-- Messages that a receiver has not taken yet, oldest alert first: that an alert was opened, that it is
-- still open after the quiet time, that it is resolved. What was resolved before a receiver was ever
-- tried is not told it, and after a day nobody is.
select
    a.*, d.told, d.told_at, coalesce(d.tries, 0) as tries,
    case
        when a.resolved_at is not null then 'resolved'
        when d.told is null then 'opened'
        else 'reminder' end as message
from studio.alerts as a
left join studio.alert_deliveries as d on d.alert_id = a.id and d.receiver = %(receiver)s
where (a.resolved_at is null or a.resolved_at > now() - interval '1 day')
    and case
        when a.resolved_at is not null then d.alert_id is not null and d.told is distinct from 'resolved'
        else d.told is null or d.told_at <= now() - make_interval(secs => %(quiet_s)s) end
    and (d.next_try_at is null or d.next_try_at <= now())
order by a.opened_at, a.id
limit %(limit)s;

-- name: told
-- The receiver took the message.
insert into studio.alert_deliveries (alert_id, receiver, told, told_at)
values (%(alert_id)s, %(receiver)s, %(told)s, clock_timestamp())
on conflict (alert_id, receiver) do update set
    told = excluded.told, told_at = excluded.told_at, tries = 0, next_try_at = null, problem = null;

-- name: not_told
-- The receiver did not take it: try again after a wait.
insert into studio.alert_deliveries as d (alert_id, receiver, tries, next_try_at, problem)
values (
    %(alert_id)s, %(receiver)s, 1, clock_timestamp() + make_interval(secs => %(wait_s)s),
    %(problem)s)
on conflict (alert_id, receiver) do update set
    tries = least(d.tries + 1, 1000), next_try_at = excluded.next_try_at, problem = excluded.problem;

-- name: open
-- Open alerts that the reader may see, the worst and then the newest first.
select * from studio.alerts where resolved_at is null
order by severity = 'critical' desc, opened_at desc, id
limit %(limit)s;

-- name: resolved
-- The last resolved alerts that the reader may see, the latest first.
select * from studio.alerts where resolved_at is not null
order by resolved_at desc, id
limit %(limit)s;

-- name: deliveries
-- What receivers were told of these alerts, as far as the reader may see them.
select alert_id, receiver, told, told_at, tries, next_try_at, problem
from studio.alert_deliveries where alert_id = any(%(ids)s)
order by receiver;

-- name: watcher_seen_at
-- When the watcher last gave a sign of life, for managers and administrators.
select studio.watcher_seen_at() as seen_at;
