-- name: phases
-- How long each phase of completed generations took, in seconds: percentiles of all of them.
-- parameters: since, until (the day after the last) and the filters of the page
with asked as (
    unpivot (
        select id, our_queue_s as our_queue, fal_queue_s as fal_queue,
            inference_s as inference, store_s as store, total_s as total
        from generations
        where day >= $since and day < $until and status = 'completed' /*filters*/
    )
    on our_queue, fal_queue, inference, store, total
    into name phase value seconds
)

select
    phase,
    quantile_cont(seconds, 0.5) as p50_s,
    quantile_cont(seconds, 0.9) as p90_s,
    quantile_cont(seconds, 0.95) as p95_s,
    quantile_cont(seconds, 0.99) as p99_s,
    count(*)::bigint as n
from asked
group by phase;
