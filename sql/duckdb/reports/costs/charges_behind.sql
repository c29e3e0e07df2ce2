-- name: charges_behind
-- The rows of the ledger behind a part of a chart, dearest first; at most 200, with the sum of all.
-- parameters: since, until (the day after the last) and the filters of the page
with found as (
    select *
    from charges
    where
        day >= $since and day < $until /*filters*/
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
    count(*) over ()::bigint as all_rows,
    sum(c.amount_usd) over ()::decimal(18, 6) as all_usd
from found as c
left join generations as g on g.id = c.generation_id
left join people as p on p.id = c.person_id
order by abs(c.amount_usd) desc, c.created_at desc, c.id
limit 200;
