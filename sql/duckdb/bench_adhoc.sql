-- What analysts ask that no roll-up has ready: scans of the facts, for `studio bench warehouse`.
-- Parameters: since and until (the day after the last).

-- name: cost_by_day_and_model
-- What was spent for each model on each day.
select day, model, sum(charge_usd) as usd, count(*) as generations
from generations
where day >= $since and day < $until
group by day, model
order by day, model;

-- name: exact_percentiles
-- Exact percentiles of the time from submit to playable, for each week and model.
select date_trunc('week', day)::date as week, model,
    quantile_cont(total_s, 0.5) as p50_s, quantile_cont(total_s, 0.95) as p95_s
from generations
where day >= $since and day < $until and status = 'completed'
group by 1, 2
order by 1, 2;

-- name: hour_by_weekday
-- How long fal took, by hour and weekday.
select weekday, hour, count(*) as generations, avg(inference_s) as inference_s
from generations
where day >= $since and day < $until and status = 'completed'
group by weekday, hour
order by weekday, hour;

-- name: people_of_campaigns
-- How many people made videos for each campaign, and what an approved one cost.
select campaign_id, count(distinct person_id) as people, count(*) as generations,
    sum(charge_usd) / nullif(count(*) filter (where verdict = 'approved'), 0) as usd_per_approved
from generations
where day >= $since and day < $until
group by campaign_id
order by generations desc, campaign_id
limit 50;

-- name: words_in_prompts
-- What videos with these words in their prompts cost and how they were judged.
select verdict, count(*) as generations, sum(charge_usd) as usd, avg(rating) as stars
from generations
where day >= $since and day < $until and prompt like '%water drops%armchair%'
group by verdict
order by verdict;

-- name: settings_that_fail
-- Which settings fail most.
select model, resolution, aspect_ratio, duration_s, count(*) as generations,
    avg((status = 'failed')::integer) as failing
from generations
where day >= $since and day < $until
group by model, resolution, aspect_ratio, duration_s
having count(*) > 100
order by failing desc, generations desc
limit 50;

-- name: active_people
-- How many people did something in each week.
select date_trunc('week', day)::date as week, count(distinct person_id) as people
from events
where day >= $since and day < $until
group by 1
order by 1;

-- name: dearest_people
-- Who spent most on what was then rejected.
select p.name, sum(g.charge_usd) as usd, count(*) as generations
from generations as g
inner join people as p on p.id = g.person_id
where g.day >= $since and g.day < $until and g.verdict = 'rejected'
group by p.name
order by usd desc
limit 20;

-- name: sizes_and_money
-- Whether longer videos cost more than their length explains.
select resolution, duration_s, avg(size_bytes) as size_bytes,
    sum(charge_usd) / sum(duration_s) as usd_per_s, corr(duration_s, total_s) as relation
from generations
where day >= $since and day < $until and status = 'completed'
group by resolution, duration_s
order by resolution, duration_s;
