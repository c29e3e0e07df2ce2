-- name: latency_model
-- How long the phases of completed generations took, counted in buckets of 2 %: percentiles of any
-- range can be read from them with an error of 1 % at most.
-- grain: one row for each day, team, model, resolution, phase and bucket
-- day: the day in the company's time zone on which the generations were created
-- team_id: whose they are
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- phase: our_queue, fal_queue, inference, store or total
-- bucket: durations from 1.02^bucket to 1.02^(bucket + 1) seconds; from a millisecond on
-- n: generations
with phases as (
    unpivot (
        select day, team_id, model, resolution, our_queue_s, fal_queue_s, inference_s, store_s,
            total_s
        from generations
        where status = 'completed'
    )
    on our_queue_s, fal_queue_s, inference_s, store_s, total_s
    into name phase value seconds
)

select
    day, team_id, model, resolution, replace(phase, '_s', '') as phase,
    floor(ln(greatest(seconds, 0.001)) / ln(1.02))::integer as bucket,
    count(*)::bigint as n
from phases
group by all;
