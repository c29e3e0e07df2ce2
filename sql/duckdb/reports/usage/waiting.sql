-- name: waiting
-- How long half of the finished videos took at most, from submit to playable, in seconds; null
-- when there is none.
-- parameters: since, until (the day after the last) and the filters of the page
select
    quantile_cont(total_s, 0.5)::double as median_s,
    count(total_s)::bigint as videos
from generations
where day >= $since and day < $until and status = 'completed' /*filters*/;
