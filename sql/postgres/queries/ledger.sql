-- name: place_hold
-- Set money aside: locks and checks every matching budget.
select studio.place_hold(
    %(generation_id)s, %(amount_usd)s, now() + make_interval(secs => %(expires_s)s)) as id;

-- name: charge
-- Spend money on a generation, once.
insert into studio.charges (
    generation_id, person_id, team_id, campaign_id, amount_usd, billable_units, verified, note)
select id, person_id, team_id, campaign_id, %(amount_usd)s, %(billable_units)s, %(verified)s, %(note)s
from studio.generations where id = %(generation_id)s;

-- name: charge_of
-- What a generation cost; no row when nothing was charged.
select generation_id, amount_usd, billable_units, verified, created_at from studio.charges
where generation_id = %(generation_id)s and kind = 'charge';

-- name: open_hold_of
-- The money set aside for a generation; no row when none is.
select amount_usd, created_at, expires_at from studio.holds
where generation_id = %(generation_id)s and released_at is null;

-- name: my_room
-- What the tightest hard budget leaves the person who asks. No row when no budget applies.
select * from studio.my_room(%(campaign_id)s) order by free_usd limit 1;

-- name: set_default_person_budget
-- The daily limit of everybody who has none of their own, unless a person has decided on it.
insert into studio.budgets (scope, period, limit_usd)
select 'person', 'day', %(limit_usd)s
where not exists (
    select from studio.budget_changes as c
    inner join studio.budgets as b on b.id = c.budget_id
    where c.changed_by is not null and c.grant_id is null
        and b.scope = 'person' and b.person_id is null and b.period = 'day' and b.kind = 'hard')
on conflict (scope, period, kind, coalesce(team_id, campaign_id, person_id,
    '00000000-0000-0000-0000-000000000000')) where active
do update set limit_usd = excluded.limit_usd;

-- name: set_budget
-- A budget's limit, in place of the one before.
insert into studio.budgets (
    scope, team_id, campaign_id, person_id, period, kind, limit_usd, created_by)
values (
    %(scope)s, %(team_id)s, %(campaign_id)s, %(person_id)s, %(period)s, %(kind)s, %(limit_usd)s,
    %(created_by)s)
on conflict (scope, period, kind, coalesce(team_id, campaign_id, person_id,
    '00000000-0000-0000-0000-000000000000')) where active
do update set limit_usd = excluded.limit_usd;

-- name: adjust
-- Correct what a generation cost, as a row of today. Null: there is no such generation.
select studio.adjust_charge(%(generation_id)s, %(amount_usd)s, %(note)s) as id;

-- name: adjust_scope
-- Correct what a whole scope was charged, as a row of today. Null: there is no such target.
select studio.adjust_scope(%(scope)s, %(target)s::uuid, %(amount_usd)s, %(note)s) as id;

-- name: release_finished
-- Free holds past their end whose generation has ended, which nothing can charge any more.
update studio.holds as h
set released_at = clock_timestamp(), release_reason = 'expired'
from studio.generations as g
where g.id = h.generation_id and g.finished_at is not null
    and h.released_at is null and h.expires_at < now();
