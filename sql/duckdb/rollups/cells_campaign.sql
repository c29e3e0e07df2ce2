-- name: cells_campaign
-- What was made and spent, by campaign.
-- grain: one row for each day, team, campaign and model
-- day: the day in the company's time zone on which it was created, charged or happened
-- team_id: whose it is; null for an adjustment of no team
-- campaign_id: the campaign; null: none
-- model: the Seedance model; null for events and adjustments of no generation
-- generations: generations created on that day
-- completed: those of them that left a video
-- failed: those of them that failed
-- canceled: those of them that were stopped
-- approved: those of them whose video is approved now
-- video_s: seconds of completed video
-- estimate_usd: estimates of those that have a charge, in USD
-- billed_usd: what those cost, corrections included, in USD, on the day of their creation
-- wasted_usd: the part of billed_usd that failed, was stopped or was rejected, in USD
-- again: completed ones that cost money though the same had been completed before
-- again_usd: what those cost, in USD
-- charged: those that have a charge
-- charged_s: their length as asked for, in seconds
-- good: those that have a charge and a video that was not rejected
-- good_s: their length as asked for, in seconds
-- good_usd: what those cost, in USD
-- foretold: completed ones that have a charge
-- foretold_usd: their estimates, in USD
-- settled_usd: what those cost, in USD
-- unverified: those of them for which fal did not say what it billed
-- spend_usd: charges and corrections of that day, in USD: the ledger's view
-- charges: rows of the ledger
select
    day, team_id, campaign_id, model,
    sum(generations)::bigint as generations,
    sum(completed)::bigint as completed,
    sum(failed)::bigint as failed,
    sum(canceled)::bigint as canceled,
    sum(approved)::bigint as approved,
    sum(video_s)::double as video_s,
    sum(estimate_usd)::decimal(18, 6) as estimate_usd,
    sum(billed_usd)::decimal(18, 6) as billed_usd,
    sum(wasted_usd)::decimal(18, 6) as wasted_usd,
    sum(again)::bigint as again,
    sum(again_usd)::decimal(18, 6) as again_usd,
    sum(charged)::bigint as charged,
    sum(charged_s)::double as charged_s,
    sum(good)::bigint as good,
    sum(good_s)::double as good_s,
    sum(good_usd)::decimal(18, 6) as good_usd,
    sum(foretold)::bigint as foretold,
    sum(foretold_usd)::decimal(18, 6) as foretold_usd,
    sum(settled_usd)::decimal(18, 6) as settled_usd,
    sum(unverified)::bigint as unverified,
    sum(spend_usd)::decimal(18, 6) as spend_usd,
    sum(charges)::bigint as charges
from cells
where generations > 0 or charges > 0
group by all;
