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
    b.scope || ' budget of ' || b.limit_usd || ' USD a ' || b.period || ' holds ' || u.used_usd
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
cross join lateral (
    select min(h.created_at) as oldest from studio.holds as h
    where h.released_at is null and case b.scope
        when 'team' then h.team_id = b.team_id
        when 'campaign' then h.campaign_id = b.campaign_id
        when 'person' then h.person_id = who.person_id
        else true end
) as held
/* Whatever gave room since the oldest money that counts: a hold keeps what a grant let out, and
   what was taken back, beyond the window's end. */
cross join lateral (
    select least(studio.period_start(b.period, now()), held.oldest) as since
) as money
cross join lateral (
    select coalesce(sum(g.amount_usd), 0) as usd from studio.budget_grants as g
    where g.budget_id = b.id and g.starts_at <= now()
        and coalesce(g.ended_at, g.ends_at) > money.since
) as granted
/* People may correct beyond a limit; admission may not pass it. */
cross join lateral (
    select coalesce(sum(abs(c.amount_usd)), 0) as usd from studio.charges as c
    where c.kind = 'adjustment' and c.created_at >= money.since and case b.scope
        when 'team' then c.team_id = b.team_id
        when 'campaign' then c.campaign_id = b.campaign_id
        when 'person' then c.person_id = who.person_id
        else true end
) as corrected
where b.active and b.kind = 'hard'
    and u.used_usd > b.limit_usd + granted.usd + corrected.usd
    /* A limit set below what was used already refuses everything since, and so is kept. So is
       everybody's own when it comes to apply to somebody whose own budget was taken away. */
    and exists (
        select from studio.holds as h
        where h.created_at > coalesce((
            select max(c.changed_at) from studio.budget_changes as c
            inner join studio.budgets as s on s.id = c.budget_id
            where c.what in ('set', 'removed') and (
                s.id = b.id or (
                    b.scope = 'person' and b.person_id is null
                    and s.person_id = who.person_id
                    and s.period = b.period and s.kind = b.kind))), '-infinity')
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

-- name: found_after_the_end
-- Nothing that a person marked as not submitted was found at fal afterwards.
select a.generation_id::text as id,
    'fal has ' || array_to_string(a.found_ids, ', ') || ', which nobody collects' as problem
from studio.outcome_decisions as d
inner join studio.attempts as a on a.id = d.attempt_id
where d.what = 'not_submitted' and a.state = 'ended' and a.found_ids <> '{}';

-- name: unverified_charges
-- Every charge of the last 30 days is fal's own bill, or somebody has corrected or confirmed it.
select c.generation_id::text as id, c.amount_usd || ' USD charged: ' || coalesce(c.note, '') as problem
from studio.charges as c
where not c.verified and c.created_at > now() - interval '30 days'
    and not exists (
        select from studio.charges as later
        where later.generation_id = c.generation_id and later.kind = 'adjustment');

-- name: applied_migrations
-- Names of the migrations that were applied.
select name from studio.migrations;
