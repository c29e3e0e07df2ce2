-- name: again
-- What was paid for the same video a second time: the same model, image, words and settings had
-- been completed before it was asked for, so the first could have been used again.
-- parameters: since, until (the day after the last) and the filters of the page
select
    count(*)::bigint as generations,
    coalesce(sum(charge_usd), 0)::decimal(18, 6) as again_usd
from generations
where
    day >= $since and day < $until and reused and status = 'completed' and charge_usd > 0
    /*filters*/;
