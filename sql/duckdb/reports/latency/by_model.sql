-- name: by_model
-- How long one phase took, in seconds, by model and resolution.
-- parameters: since, until (the day after the last), phase and the filters of the page
with asked as (
    unpivot (
        select model, resolution, our_queue_s as our_queue, fal_queue_s as fal_queue,
            inference_s as inference, store_s as store, total_s as total
        from generations
        where day >= $since and day < $until and status = 'completed' /*filters*/
    )
    on our_queue, fal_queue, inference, store, total
    into name phase value seconds
)

select
    model,
    resolution,
    quantile_cont(seconds, 0.5) as p50_s,
    quantile_cont(seconds, 0.9) as p90_s,
    quantile_cont(seconds, 0.95) as p95_s,
    quantile_cont(seconds, 0.99) as p99_s,
    count(*)::bigint as n
from asked
where phase = $phase
group by model, resolution
order by model, resolution;
