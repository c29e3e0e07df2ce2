-- name: failures
-- Generations that failed, by day, week or month of their creation and by cause.
-- parameters: since, until (the day after the last), grain (day, week or month) and the filters of the page
select
    date_trunc($grain, c.day)::date as day,
    c.cause as reason,
    sum(c.failed)::bigint as failed
from /*cells*/ as c
where c.day >= $since and c.day < $until and c.failed > 0 /*filters*/
group by 1, 2
order by 1, 2;
