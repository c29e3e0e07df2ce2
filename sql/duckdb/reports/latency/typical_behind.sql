-- name: typical_behind
-- The completed generation whose time from submit to playable is nearest to a given one, such as the
-- median; of two that are as near, the newer.
-- parameters: since, until (the day after the last), median_s (seconds) and the filters of the page
select
    id::varchar as generation_id,
    title,
    our_queue_s,
    fal_queue_s,
    inference_s,
    store_s,
    total_s
from generations
where
    day >= $since and day < $until
    and status = 'completed' and total_s is not null /*filters*/
order by abs(total_s - $median_s::double), created_at desc, id
limit 1;
