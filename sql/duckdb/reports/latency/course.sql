-- name: course
-- How long one phase took, in seconds, by day, week or month.
-- parameters: since, until (the day after the last), grain (day, week or month), phase and the filters of the page
with asked as (
    select
        date_trunc($grain, day)::date as first_day,
        case $phase
            when 'our_queue' then our_queue_s
            when 'fal_queue' then fal_queue_s
            when 'inference' then inference_s
            when 'store' then store_s
            else total_s
        end as seconds
    from generations
    where day >= $since and day < $until and status = 'completed' /*filters*/
),

found as (
    select
        first_day,
        quantile_cont(seconds, [0.5, 0.9, 0.95, 0.99]) as s,
        count(*)::bigint as n
    from asked
    where seconds is not null
    group by first_day
)

select first_day as day, s[1] as p50_s, s[2] as p90_s, s[3] as p95_s, s[4] as p99_s, n
from found
order by first_day;
