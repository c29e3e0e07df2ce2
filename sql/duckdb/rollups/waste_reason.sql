-- name: waste_reason
-- Generations that no usable video came of, by why.
-- grain: one row for each day, team, model, resolution and reason
-- day: the day in the company's time zone on which they were created
-- team_id: whose they are
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- reason: how they failed, stopped or rejected
-- generations: how many
-- charged: those of them that cost money
-- wasted_usd: what they cost, in USD
select
    day, team_id, model, resolution, reason,
    sum(generations)::bigint as generations,
    sum(charged)::bigint as charged,
    sum(wasted_usd)::decimal(18, 6) as wasted_usd
from wasted
group by all;
