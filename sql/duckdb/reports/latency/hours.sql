-- name: hours
-- How long nineteen of twenty completed generations took at most from submit to playable, in
-- seconds, by weekday (1 is Monday) and hour of their creation on the company's clock.
-- parameters: since, until (the day after the last) and the filters of the page
select
    weekday,
    hour,
    quantile_cont(total_s, 0.95) as p95_s,
    count(*)::bigint as n
from generations
where
    day >= $since and day < $until
    and status = 'completed' and total_s is not null /*filters*/
group by weekday, hour
order by weekday, hour;
