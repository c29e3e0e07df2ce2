-- name: failure_rates
-- How many generations of each model ended in a video and how many failed.
-- parameters: since, until (the day after the last) and the filters of the page
select
    model,
    sum(completed)::bigint as completed,
    sum(failed)::bigint as failed
from /*cells*/
where day >= $since and day < $until and model is not null /*filters*/
group by model
having sum(completed) + sum(failed) > 0
order by model;
