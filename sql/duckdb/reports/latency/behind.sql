-- name: behind
-- Completed generations, the one whose phase took longest first; at most 200, with how many there
-- are in all.
-- parameters: since, until (the day after the last), phase and the filters of the page
with found as not materialized (
    select
        *,
        case $phase
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end as seconds
    from generations
    where day >= $since and day < $until and status = 'completed' /*filters*/
),

slowest as (
    select *
    from found
    where seconds is not null
    order by seconds desc, created_at desc, id
    limit 200
)

select
    s.id::varchar as generation_id,
    s.created_at,
    s.title,
    p.name as person,
    s.model,
    s.resolution,
    s.seconds,
    s.our_queue_s,
    s.fal_queue_s,
    s.inference_s,
    s.store_s,
    s.total_s,
    (select count(*) from found where seconds is not null)::bigint as all_rows
from slowest as s
left join people as p on p.id = s.person_id
order by s.seconds desc, s.created_at desc, s.id;
