-- name: behind
-- Completed generations, the one whose phase took longest first; at most 200, with how many there
-- are in all.
-- parameters: since, until (the day after the last), phase and the filters of the page
with slowest as (
    select
        id, created_at, title, person_id, model, resolution, our_queue_s, fal_queue_s,
        inference_s, store_s, total_s,
        case $phase
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end as seconds
    from generations
    where
        day >= $since and day < $until and status = 'completed'
        and case $phase
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end is not null /*filters*/
    order by seconds desc, created_at desc, id
    limit 200
),

whole as (
    select sum(n)::bigint as all_rows
    from /*buckets*/
    where day >= $since and day < $until and phase = $phase /*filters*/
)

select
    g.id::varchar as generation_id,
    g.created_at,
    g.title,
    p.name as person,
    g.model,
    g.resolution,
    g.seconds,
    g.our_queue_s,
    g.fal_queue_s,
    g.inference_s,
    g.store_s,
    g.total_s,
    w.all_rows
from slowest as g
cross join whole as w
left join people as p on p.id = g.person_id
order by g.seconds desc, g.created_at desc, g.id;
