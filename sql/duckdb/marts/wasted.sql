-- name: wasted
-- Generations that no usable video came of, and why: the union that the roll-up of waste is made
-- from, for filters that it has not.
-- grain: one row for each generation that failed, was stopped or whose video was rejected
-- day: the day in the company's time zone on which it was created
-- team_id: whose it is
-- campaign_id: the campaign; null: none
-- person_id: who asked for it
-- model: the Seedance model
-- resolution: 480p, 720p or 1080p as asked for
-- reason: how it failed, stopped or rejected
-- generations: 1
-- charged: 1 when it cost money
-- wasted_usd: what it cost, in USD
select
    day, team_id, campaign_id, person_id, model, resolution,
    case status
        when 'failed' then coalesce(cause, 'unknown')
        when 'canceled' then 'stopped'
        else 'rejected'
    end as reason,
    1::bigint as generations,
    coalesce(charge_usd > 0, false)::bigint as charged,
    coalesce(charge_usd, 0)::decimal(14, 6) as wasted_usd
from generations
where status in ('failed', 'canceled') or verdict = 'rejected';
