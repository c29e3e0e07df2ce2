-- name: failed_behind
-- Generations that failed for one reason, the newest first; at most 200, with how many there are.
-- parameters: since, until (the day after the last), reason and the filters of the page
with found as not materialized (
    select *
    from generations
    where
        day >= $since and day < $until and status = 'failed'
        and ($reason is null or cause = $reason) /*filters*/
),

newest as (
    select *
    from found
    order by created_at desc, id
    limit 200
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
    (select count(*) from found)::bigint as all_rows
from newest as f
left join people as p on p.id = f.person_id
order by f.created_at desc, f.id;
