-- name: phases
-- How long each phase of completed generations took, in seconds: percentiles of all of them.
-- parameters: since, until (the day after the last) and the filters of the page
with asked as not materialized (
    select our_queue_s, fal_queue_s, inference_s, store_s, total_s
    from generations
    where day >= $since and day < $until and status = 'completed' /*filters*/
),

phases as (
    select
        ['our_queue', 'fal_queue', 'inference', 'store', 'total'] as phase,
        [
            quantile_cont(our_queue_s, [0.5, 0.9, 0.95, 0.99]),
            quantile_cont(fal_queue_s, [0.5, 0.9, 0.95, 0.99]),
            quantile_cont(inference_s, [0.5, 0.9, 0.95, 0.99]),
            quantile_cont(store_s, [0.5, 0.9, 0.95, 0.99]),
            quantile_cont(total_s, [0.5, 0.9, 0.95, 0.99])
        ] as s,
        [
            count(our_queue_s), count(fal_queue_s), count(inference_s), count(store_s),
            count(total_s)
        ] as n
    from asked
),

each_phase as (
    select unnest(phase) as phase, unnest(s) as s, unnest(n)::bigint as n
    from phases
)

select phase, s[1] as p50_s, s[2] as p90_s, s[3] as p95_s, s[4] as p99_s, n
from each_phase
where n > 0;
