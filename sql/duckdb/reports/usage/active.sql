-- name: active
-- How many different people made a generation or left an event, by day, week or month. A week or
-- month has the date of its first day, also where that is before the period.
-- parameters: since, until (the day after the last), grain (day, week or month) and the filters
select
    date_trunc($grain, day)::date as day,
    count(distinct person_id)::bigint as people
from /*cells*/
where day >= $since and day < $until and (generations > 0 or events > 0) /*filters*/
group by 1
having count(distinct person_id) > 0
order by 1;
