-- Questions to begin with in the workbench. The description is the first line of each.

-- name: cost_by_model
-- What each model made and cost in the last 30 days. Ctrl+Enter runs it.
select
    model,
    sum(completed) as videos,
    sum(spend_usd) as spend_usd,
    sum(wasted_usd) as wasted_usd
from cells_model
where day >= today() - 30
group by model
order by spend_usd desc nulls last;

-- name: spend_by_week
-- What was spent each week, by model.
select
    date_trunc('week', day) as week,
    model,
    sum(spend_usd) as spend_usd
from cells_model
where day >= $since and day < $until
group by all
order by week, spend_usd desc;

-- name: waiting
-- How long people wait for a video, in seconds: half of them at most, and all but a twentieth.
select
    model,
    count(*) as videos,
    quantile_cont(total_s, 0.5) as p50_s,
    quantile_cont(total_s, 0.95) as p95_s
from generations
where status = 'completed' and day >= today() - 30
group by model
order by p95_s desc;

-- name: failures
-- Why generations failed in the last 90 days, and what that cost.
select
    cause,
    count(*) as generations,
    sum(charge_usd) as charge_usd
from generations
where status = 'failed' and day >= today() - 90
group by cause
order by generations desc;

-- name: campaigns
-- Which campaigns got the most approved videos for their money.
select
    c.name as campaign,
    sum(s.approved) as approved,
    sum(s.spend_usd) as spend_usd,
    round(sum(s.spend_usd) / nullif(sum(s.approved), 0), 2) as usd_per_approved
from cells_campaign as s
inner join campaigns as c on c.id = s.campaign_id
group by c.name
order by approved desc
limit 20;
