-- name: made_behind
-- Generations begun in a period of which one thing came, dearest first; at most 200, with the
-- number and the sum of all.
-- parameters: part (finished: left a video; approved: its video is approved now; good: was charged
-- and left a video that is not rejected; wasted: was charged and failed, was stopped or rejected),
-- since, until (the day after the last) and the filters of the page
with asked as not materialized (
    select id, created_at, person_id, model, resolution, duration_s, status, cause, charge_usd
    from generations
    where
        day >= $since and day < $until
        and case $part
            when 'finished' then status = 'completed'
            when 'approved' then status = 'completed' and verdict = 'approved'
            when 'good' then
                status = 'completed' and charge_usd is not null
                and verdict is distinct from 'rejected'
            when 'wasted' then
                charge_usd is not null
                and (status in ('failed', 'canceled') or verdict = 'rejected')
        end /*filters*/
),

dearest as (
    select *
    from asked
    order by charge_usd desc nulls last, created_at desc, id
    limit 200
),

whole as (
    select
        count(*) as all_rows,
        coalesce(sum(charge_usd), 0)::decimal(18, 6) as all_usd
    from asked
),

titles as (
    select g.id, g.title
    from dearest as d
    inner join generations as g on g.id = d.id
)

select
    d.created_at,
    t.title,
    p.name as person,
    d.model,
    d.resolution,
    d.duration_s,
    d.status,
    d.cause,
    coalesce(d.charge_usd, 0)::decimal(14, 6) as amount_usd,
    d.id::varchar as generation_id,
    w.all_rows,
    w.all_usd
from dearest as d
cross join whole as w
left join titles as t on t.id = d.id
left join people as p on p.id = d.person_id
order by amount_usd desc, d.created_at desc, d.id;
