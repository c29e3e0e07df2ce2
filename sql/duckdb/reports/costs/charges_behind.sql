-- name: charges_behind
-- The rows of the ledger behind a part of a chart, dearest first; at most 200, with the sum of all.
-- parameters: since, until (the day after the last) and the filters of the page
with found as not materialized (
    select *
    from charges
    where
        day >= $since and day < $until /*filters*/
),

dearest as (
    -- First, then what is beside them: else all rows of a long period wait in memory.
    select *
    from found
    order by abs(amount_usd) desc, created_at desc, id
    limit 200
),

whole as (
    select count(*)::bigint as all_rows, sum(amount_usd)::decimal(18, 6) as all_usd
    from found
)

select
    c.created_at,
    g.title,
    p.name as person,
    c.model,
    c.resolution,
    c.duration_s,
    c.status,
    c.cause,
    c.kind,
    c.amount_usd,
    c.note,
    c.generation_id::varchar as generation_id,
    w.all_rows,
    w.all_usd
from dearest as c
cross join whole as w
left join generations as g on g.id = c.generation_id
left join people as p on p.id = c.person_id
order by abs(c.amount_usd) desc, c.created_at desc, c.id;
