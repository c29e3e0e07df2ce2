-- name: holds_on_finished
-- No money is held for a finished generation.
select h.generation_id::text as id, g.status || ' with an open hold of ' || h.amount_usd as problem
from studio.holds as h
inner join studio.generations as g on g.id = h.generation_id
where h.released_at is null and g.finished_at is not null;

-- name: unfinished_without_hold
-- Every unfinished generation has money set aside.
select g.id::text as id, g.status || ' without a hold' as problem
from studio.generations as g
where g.finished_at is null and not exists (
    select from studio.holds as h where h.generation_id = g.id and h.released_at is null);

-- name: completed_without_one_charge
-- Every completed generation has exactly one charge.
select g.id::text as id, 'completed with ' || count(c.id) || ' charges' as problem
from studio.generations as g
left join studio.charges as c on c.generation_id = g.id and c.kind = 'charge'
where g.status = 'completed'
group by g.id
having count(c.id) <> 1;

-- name: completed_without_video
-- Every completed generation has its video.
select g.id::text as id, 'completed without a video' as problem
from studio.generations as g
where g.status = 'completed' and not exists (
    select from studio.videos as v where v.id = g.id);

-- name: submitted_without_attempt
-- Nothing went to fal without an attempt written before.
select g.id::text as id, g.status || ' without an attempt' as problem
from studio.generations as g
where g.status in ('submitting', 'unknown', 'waiting', 'running', 'collecting', 'completed')
    and not exists (select from studio.attempts as a where a.generation_id = g.id);

-- name: several_open_attempts
-- No generation has more than one attempt open.
select generation_id::text as id, count(*) || ' open attempts' as problem
from studio.attempts
where state in ('intended', 'accepted', 'unknown')
group by generation_id
having count(*) > 1;

-- name: budgets_overshot
-- Charges and holds are within every hard limit.
select b.id::text as id,
    b.scope || ' budget of ' || allowed.usd || ' USD a ' || b.period || ' holds ' || u.used_usd
        as problem
from studio.budgets as b
cross join lateral (
    select p.id as person_id from studio.people as p
    where b.scope = 'person' and exists (
        select from studio.matching_budgets(p.id, p.team_id, null) as m where m.id = b.id)
    union all
    select null where b.scope <> 'person'
) as who
cross join lateral (
    select studio.budget_used_usd(b, who.person_id) as used_usd
) as u
/* A grant that ended let money out while it lasted. */
cross join lateral (
    select b.limit_usd + coalesce(sum(g.amount_usd), 0) as usd from studio.budget_grants as g
    where g.budget_id = b.id and g.starts_at <= now()
        and coalesce(g.ended_at, g.ends_at) > studio.period_start(b.period, now())
) as allowed
where b.active and b.kind = 'hard' and u.used_usd > allowed.usd
    /* A limit set below what was used already refuses everything since, and so is kept. */
    and exists (
        select from studio.holds as h
        where h.created_at > coalesce((
            select max(c.changed_at) from studio.budget_changes as c
            where c.budget_id = b.id and c.what = 'set'), '-infinity')
            and case b.scope
                when 'team' then h.team_id = b.team_id
                when 'campaign' then h.campaign_id = b.campaign_id
                when 'person' then h.person_id = who.person_id
                else true end);

-- name: sums_differ
-- The running sums equal the holds and charges behind them.
select scope || ' ' || target_id as id,
    coalesce(c.amount_usd, 0) || ' USD counted as held, ' || coalesce(r.amount_usd, 0) || ' are'
        as problem
from studio.held_usd as c
full join studio.sum_holds() as r using (scope, target_id)
where coalesce(c.amount_usd, 0) <> coalesce(r.amount_usd, 0)
union all
select scope || ' ' || target_id,
    coalesce(c.amount_usd, 0) || ' USD counted as spent in the ' || period || ' from '
    || window_start || ', ' || coalesce(r.amount_usd, 0) || ' are'
from studio.spent_usd as c
full join studio.sum_charges() as r using (scope, target_id, period, window_start)
where coalesce(c.amount_usd, 0) <> coalesce(r.amount_usd, 0);

-- name: history_differs
-- The history of every generation replays to its status.
select g.id::text as id,
    'is ' || g.status || ' but its history ends in ' || coalesce(h.last_status, 'nothing')
        as problem
from studio.generations as g
left join lateral (
    select
        (array_agg(x.to_status order by x.id desc))[1] as last_status,
        bool_and(x.from_status is not distinct from x.expected) as unbroken
    from (
        select
            e.id, e.from_status, e.to_status,
            lag(e.to_status) over (order by e.id) as expected
        from studio.generation_history as e where e.generation_id = g.id
    ) as x
) as h on true
where h.last_status is distinct from g.status or not coalesce(h.unbroken, false);

-- name: files
-- Every file that the record says is in the store: renditions and start and end images.
select r.key, r.size_bytes from studio.renditions as r
inner join studio.videos as v on v.id = r.video_id
where r.state = 'ready' and v.purge_begun_at is null
union
select g.start_image ->> 'key', (g.start_image ->> 'size_bytes')::bigint
from studio.generations as g
union
select g.end_image ->> 'key', (g.end_image ->> 'size_bytes')::bigint
from studio.generations as g where g.end_image is not null;

-- name: unknown_outcomes
-- No submit's outcome is unknown.
select a.generation_id::text as id, 'outcome unknown since ' || a.created_at as problem
from studio.attempts as a where a.state = 'unknown';

-- name: unverified_charges
-- Every charge of the last 30 days is fal's own bill.
select c.generation_id::text as id, c.amount_usd || ' USD charged: ' || coalesce(c.note, '') as problem
from studio.charges as c
where not c.verified and c.created_at > now() - interval '30 days';

-- name: applied_migrations
-- Names of the migrations that were applied.
select name from studio.migrations;
