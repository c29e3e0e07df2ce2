-- name: latency_model
-- How long the phases of completed generations took, by model, counted in buckets of 2 %:
-- percentiles of any range can be read from them with an error of 1 % at most.
-- grain: one row for each day, model, resolution, phase and bucket
-- day: the day in the company's time zone on which the generations were created
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- phase: our_queue, fal_queue, inference, store or total
-- bucket: durations from 1.02^bucket to 1.02^(bucket + 1) seconds; from a millisecond on
-- n: generations
select day, model, resolution, phase, bucket, sum(n)::integer as n
from phase_buckets
group by all;
