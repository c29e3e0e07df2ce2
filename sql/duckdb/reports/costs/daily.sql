-- name: daily
-- What was spent and what came of it on each day of a period, days without anything included.
-- parameters: since, until (the day after the last) and the filters of the page
with used as (
    select
        day,
        sum(spend_usd) as spend_usd,
        sum(billed_usd) as billed_usd,
        sum(wasted_usd) as wasted_usd,
        sum(completed) as completed,
        sum(approved) as approved
    from /*cells*/
    where day >= $since and day < $until /*filters*/
    group by day
)

select
    days.day::date as day,
    coalesce(u.spend_usd, 0)::decimal(18, 6) as spend_usd,
    coalesce(u.billed_usd, 0)::decimal(18, 6) as billed_usd,
    coalesce(u.wasted_usd, 0)::decimal(18, 6) as wasted_usd,
    coalesce(u.completed, 0)::bigint as completed,
    coalesce(u.approved, 0)::bigint as approved
from range($since::timestamp, $until::timestamp, interval 1 day) as days(day)
left join used as u on u.day = days.day::date
order by days.day;
