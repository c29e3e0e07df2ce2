-- name: latest
-- The latest generations of a period; at most 50.
-- parameters: since, until (the day after the last) and the filters of the page
select
    created_at,
    title,
    model,
    resolution,
    duration_s,
    status,
    cause,
    verdict,
    charge_usd,
    id::varchar as generation_id
from generations
where day >= $since and day < $until /*filters*/
order by created_at desc, id
limit 50;
