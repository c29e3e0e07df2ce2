-- name: again
-- What was paid for the same video a second time: the same model, image, words and settings had
-- been completed before it was asked for, so the first could have been used again.
-- parameters: since, until (the day after the last) and the filters of the page
select
    coalesce(sum(again), 0)::bigint as generations,
    coalesce(sum(again_usd), 0)::decimal(18, 6) as again_usd
from /*cells*/
where day >= $since and day < $until /*filters*/;
