-- name: waste_behind
-- The generations behind a reason of waste, dearest first; at most 200, with the sum of all.
-- parameters: reason (as in waste), since, until (the day after the last) and the filters
with dearest as (
    select
        id, created_at, title, person_id, model, resolution, duration_s, status, cause, charge_usd
    from generations
    where
        day >= $since and day < $until
        and (status in ('failed', 'canceled') or verdict = 'rejected')
        and case status
            when 'failed' then coalesce(cause, 'unknown')
            when 'canceled' then 'stopped'
            else 'rejected'
        end = $reason /*filters*/
    order by charge_usd desc nulls last, created_at desc, id
    limit 200
),

whole as (
    select sum(generations)::bigint as all_rows, sum(wasted_usd)::decimal(18, 6) as all_usd
    from /*waste*/
    where day >= $since and day < $until and reason = $reason /*filters*/
)

select
    g.created_at,
    g.title,
    p.name as person,
    g.model,
    g.resolution,
    g.duration_s,
    g.status,
    g.cause,
    coalesce(g.charge_usd, 0)::decimal(14, 6) as amount_usd,
    g.id::varchar as generation_id,
    w.all_rows,
    w.all_usd
from dearest as g
cross join whole as w
left join people as p on p.id = g.person_id
order by amount_usd desc, g.created_at desc, g.id;
