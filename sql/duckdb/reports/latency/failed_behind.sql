-- name: failed_behind
-- Generations that failed for one reason, the newest first; at most 200, with how many there are.
-- parameters: since, until (the day after the last), reason and the filters of the page
with newest as (
    select id, created_at, title, person_id, model, resolution, cause, charge_usd
    from generations
    where
        day >= $since and day < $until and status = 'failed'
        and ($reason is null or cause = $reason) /*filters*/
    order by created_at desc, id
    limit 200
),

whole as (
    select sum(failed)::bigint as all_rows
    from /*cells*/
    where
        day >= $since and day < $until and failed > 0
        and ($reason is null or cause = $reason) /*filters*/
)

select
    f.id::varchar as generation_id,
    f.created_at,
    f.title,
    p.name as person,
    f.model,
    f.resolution,
    f.cause,
    f.charge_usd,
    w.all_rows
from newest as f
cross join whole as w
left join people as p on p.id = f.person_id
order by f.created_at desc, f.id;
