-- name: hours_about
-- The same from the roll-up, for long periods: off by 3 % at most.
-- parameters: since, until (the day after the last) and the filters of the page
with counted as (
    select weekday, hour, bucket, sum(n) as n
    from /*hour_buckets*/
    where day >= $since and day < $until /*filters*/
    group by all
),

ranked as (
    select
        *,
        sum(n) over (partition by weekday, hour order by bucket) as upto,
        sum(n) over (partition by weekday, hour) as whole
    from counted
)

select
    weekday,
    hour,
    pow(1.05, min(bucket) filter (where upto >= 0.95 * whole) + 0.5) as p95_s,
    max(whole)::bigint as n
from ranked
group by weekday, hour
order by weekday, hour;
