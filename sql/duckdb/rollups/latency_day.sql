-- name: latency_day
-- How long the phases of completed generations took, counted in buckets of 2 %: percentiles of any
-- range can be read from them with an error of 1 % at most.
-- grain: one row for each day, phase and bucket
-- day: the day in the company's time zone on which the generations were created
-- phase: our_queue, fal_queue, inference, store or total
-- bucket: durations from 1.02^bucket to 1.02^(bucket + 1) seconds; from a millisecond on
-- n: generations
select day, phase, bucket, sum(n)::integer as n
from phase_buckets
group by all;
