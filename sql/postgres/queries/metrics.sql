-- name: figures
-- How the studio is doing, a figure a row: its name, the value of its one label (null: it has none)
-- and the figure. Reads rows that are unfinished, of today or of the last hour, all by an index; only
-- unverified charges go back 30 days, and they are few.
with unfinished as (
    select status, lane, created_at from studio.generations where finished_at is null
)

select 'generations' as name, status as label, count(*)::double precision as figure
from unfinished group by status

union all
select 'generations_ended_last_hour', to_status, count(*)
from studio.generation_history
where at > now() - interval '1 hour' and to_status in ('completed', 'failed', 'canceled')
group by to_status

union all
select 'queued', lane, count(*) from unfinished where status = 'queued' group by lane

union all
select 'queued_oldest_seconds', lane, extract(epoch from now() - min(created_at))
from unfinished where status = 'queued' group by lane

union all
-- As `claim_submit` counts them.
select 'in_flight', null, count(*) from studio.in_flight

union all
select 'unknown_outcomes', null, count(*) from studio.attempts where state = 'unknown'

union all
select 'unverified_charges_30d', null, count(*)
from studio.charges as c
where not c.verified and c.created_at > now() - interval '30 days'
    and not exists (
        select from studio.charges as later
        where later.generation_id = c.generation_id and later.kind = 'adjustment')

union all
select 'holds_open_usd', null, coalesce(sum(amount_usd), 0)
from studio.holds where released_at is null

union all
select 'charges_today_usd', null, coalesce(sum(amount_usd), 0)
from studio.charges where created_at >= studio.period_start('day', now())

union all
select 'processes', kind, count(*)
from studio.processes
where beat_at > now() - make_interval(secs => %(within_s)s)
group by kind

union all
select 'watcher_last_sign_timestamp_seconds', null, extract(epoch from max(beat_at))
from studio.processes where kind = 'watcher' having count(*) > 0

union all
select 'account_locked', null, (locked_since is not null)::int from studio.provider_state

union all
select 'renditions', state, count(*)
from studio.renditions where state = 'pending' group by state

union all
select 'renditions', state, count(*)
from studio.renditions where state = 'failed' group by state;
