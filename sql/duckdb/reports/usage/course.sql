-- name: course
-- What came of the generations begun on each day of a period, with what was spent and downloaded
-- that day; days without anything included.
-- parameters: since, until (the day after the last) and the filters of the page
with used as (
    select
        day,
        count(distinct person_id) filter (where generations > 0 or events > 0) as active,
        sum(generations) as generations,
        sum(completed) as completed,
        sum(failed) as failed,
        sum(canceled) as canceled,
        sum(approved) as approved,
        sum(downloaded) as downloaded,
        sum(shared) as shared,
        sum(spend_usd) as spend_usd
    from /*cells*/
    where day >= $since and day < $until /*filters*/
    group by day
)

select
    days.day::date as day,
    coalesce(u.active, 0)::bigint as active,
    coalesce(u.generations, 0)::bigint as generations,
    coalesce(u.completed, 0)::bigint as completed,
    coalesce(u.failed, 0)::bigint as failed,
    coalesce(u.canceled, 0)::bigint as canceled,
    coalesce(u.approved, 0)::bigint as approved,
    coalesce(u.downloaded, 0)::bigint as downloaded,
    coalesce(u.shared, 0)::bigint as shared,
    coalesce(u.spend_usd, 0)::decimal(18, 6) as spend_usd
from range($since::timestamp, $until::timestamp, interval 1 day) as days(day)
left join used as u on u.day = days.day::date
order by days.day;
