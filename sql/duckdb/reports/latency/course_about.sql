-- name: course_about
-- The same from the roll-up, for long periods: off by 1 % at most.
-- parameters: since, until (the day after the last), grain (day, week or month), phase and the filters of the page
with counted as (
    select date_trunc($grain, day)::date as first_day, bucket, sum(n) as n
    from /*buckets*/
    where day >= $since and day < $until and phase = $phase /*filters*/
    group by all
),

ranked as (
    select
        *,
        sum(n) over (partition by first_day order by bucket) as upto,
        sum(n) over (partition by first_day) as whole
    from counted
)

select
    first_day as day,
    pow(1.02, min(bucket) filter (where upto >= 0.5 * whole) + 0.5) as p50_s,
    pow(1.02, min(bucket) filter (where upto >= 0.9 * whole) + 0.5) as p90_s,
    pow(1.02, min(bucket) filter (where upto >= 0.95 * whole) + 0.5) as p95_s,
    pow(1.02, min(bucket) filter (where upto >= 0.99 * whole) + 0.5) as p99_s,
    max(whole)::bigint as n
from ranked
group by first_day
order by first_day;
