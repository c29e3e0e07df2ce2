-- name: charges_behind
-- The rows of the ledger behind a part of a chart, dearest first; at most 200, with the sum of all.
-- parameters: since, until (the day after the last) and the filters of the page
with asked as not materialized (
    select
        id, created_at, day, generation_id, person_id, kind, amount_usd, note, model, resolution,
        duration_s, status, cause
    from charges
    where day >= $since and day < $until /*filters*/
),

dearest as (
    -- From both ends: a read in the order of a column stops early, one by its distance to zero
    -- can't.
    (select * from asked order by amount_usd desc, created_at desc, id limit 200)
    union
    (select * from asked order by amount_usd, created_at desc, id limit 200)
),

shown as (
    select *
    from dearest
    order by abs(amount_usd) desc, created_at desc, id
    limit 200
),

whole as (
    select sum(charges)::bigint as all_rows, sum(spend_usd)::decimal(18, 6) as all_usd
    from /*cells*/
    where day >= $since and day < $until and charges > 0 /*filters*/
),

titles as (
    select g.id, g.title
    from shown as c
    inner join generations as g on g.id = c.generation_id
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
from shown as c
cross join whole as w
left join titles as g on g.id = c.generation_id
left join people as p on p.id = c.person_id
order by abs(c.amount_usd) desc, c.created_at desc, c.id;
