-- name: per_video
-- What a completed and what an approved video cost, by day, week or month: everything that the
-- generations begun then cost, failures included, over what came of them. A week or month has the
-- date of its first day.
-- parameters: since, until (the day after the last), grain (day, week or month) and the filters
select
    date_trunc($grain, day)::date as day,
    sum(billed_usd)::decimal(18, 6) as billed_usd,
    sum(completed)::bigint as completed,
    sum(approved)::bigint as approved,
    round(sum(billed_usd) / nullif(sum(completed), 0), 6) as usd_per_completed,
    round(sum(billed_usd) / nullif(sum(approved), 0), 6) as usd_per_approved
from /*cells*/
where day >= $since and day < $until /*filters*/
group by 1
having sum(generations) > 0
order by 1;
