-- name: phase_buckets
-- How long the phases of completed generations took, in buckets of 2 %: what the roll-ups of
-- latency count, for filters that they have not.
-- grain: one row for each completed generation and phase that it has times of
-- day: the day in the company's time zone on which it was created
-- team_id: whose it is
-- campaign_id: the campaign; null: none
-- person_id: who asked for it
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- phase: our_queue, fal_queue, inference, store or total
-- bucket: it took from 1.02^bucket to 1.02^(bucket + 1) seconds; from a millisecond on
-- n: 1
select
    day, team_id, campaign_id, person_id, model, resolution, phase,
    floor(ln(greatest(seconds, 0.001)) / ln(1.02))::smallint as bucket,
    1::bigint as n
from (
    select *, 'our_queue' as phase, our_queue_s as seconds from generations
    union all
    select *, 'fal_queue', fal_queue_s from generations
    union all
    select *, 'inference', inference_s from generations
    union all
    select *, 'store', store_s from generations
    union all
    select *, 'total', total_s from generations
)
where status = 'completed' and seconds is not null;
