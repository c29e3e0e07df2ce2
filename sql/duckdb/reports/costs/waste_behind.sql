-- name: waste_behind
-- The generations behind a reason of waste, dearest first; at most 200, with the sum of all.
-- parameters: reason (as in waste), since, until (the day after the last) and the filters
with found as (
    select
        *,
        case status
            when 'failed' then coalesce(cause, 'unknown')
            when 'canceled' then 'stopped'
            else 'rejected'
        end as reason
    from generations
    where
        day >= $since and day < $until
        and (status in ('failed', 'canceled') or verdict = 'rejected') /*filters*/
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
    count(*) over ()::bigint as all_rows,
    sum(coalesce(g.charge_usd, 0)) over ()::decimal(18, 6) as all_usd
from found as g
left join people as p on p.id = g.person_id
where g.reason = $reason
order by amount_usd desc, g.created_at desc, g.id
limit 200;
