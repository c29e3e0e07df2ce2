-- name: cells
-- What was made, spent and used, finest first: the union that the roll-ups of cells are made from,
-- for filters that no roll-up has.
-- grain: one row for each generation, each charge or adjustment, and each event
-- day: the day in the company's time zone on which it was created, charged or happened
-- team_id: whose it is; null for an adjustment of no team
-- campaign_id: the campaign; null: none
-- person_id: who; null for an adjustment of no person
-- model: the Seedance model; null for events and adjustments of no generation
-- resolution: 480p, 720p or 1080p as asked for
-- duration_s: length as asked for, in seconds
-- cause: why it failed; null when it did not
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
-- viewed: videos played for two seconds or more
-- downloaded: downloads
-- shared: links made for guests
-- events: all events
select
    day, team_id, campaign_id, person_id, model, resolution, duration_s, cause,
    1::bigint as generations,
    (status = 'completed')::bigint as completed,
    (status = 'failed')::bigint as failed,
    (status = 'canceled')::bigint as canceled,
    coalesce(status = 'completed' and verdict = 'approved', false)::bigint as approved,
    case when status = 'completed' then duration_s else 0 end as video_s,
    case when charge_usd is null then 0 else estimate_usd end::decimal(14, 6) as estimate_usd,
    coalesce(charge_usd, 0)::decimal(14, 6) as billed_usd,
    case
        when status in ('failed', 'canceled') or verdict = 'rejected' then coalesce(charge_usd, 0)
        else 0
    end::decimal(14, 6) as wasted_usd,
    coalesce(reused and status = 'completed' and charge_usd > 0, false)::bigint as again,
    case when reused and status = 'completed' and charge_usd > 0 then charge_usd else 0 end
        ::decimal(14, 6) as again_usd,
    (charge_usd is not null)::bigint as charged,
    case when charge_usd is null then 0 else duration_s end as charged_s,
    (charge_usd is not null and status = 'completed' and verdict is distinct from 'rejected')
        ::bigint as good,
    case
        when charge_usd is not null and status = 'completed' and verdict is distinct from 'rejected'
            then duration_s
        else 0
    end as good_s,
    case
        when status = 'completed' and verdict is distinct from 'rejected' then coalesce(charge_usd, 0)
        else 0
    end::decimal(14, 6) as good_usd,
    (charge_usd is not null and status = 'completed')::bigint as foretold,
    case when charge_usd is not null and status = 'completed' then estimate_usd else 0 end
        ::decimal(14, 6) as foretold_usd,
    case when status = 'completed' then coalesce(charge_usd, 0) else 0 end
        ::decimal(14, 6) as settled_usd,
    coalesce(charge_usd is not null and status = 'completed' and not verified, false)
        ::bigint as unverified,
    0::decimal(14, 6) as spend_usd,
    0::bigint as charges,
    0::bigint as viewed,
    0::bigint as downloaded,
    0::bigint as shared,
    0::bigint as events
from generations
union all
select
    day, team_id, campaign_id, person_id, model, resolution, duration_s, cause,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    amount_usd, 1, 0, 0, 0, 0
from charges
union all
select
    day, team_id, null, person_id, null, null, null, null,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    (kind = 'viewed')::bigint, (kind = 'downloaded')::bigint, (kind = 'shared')::bigint, 1
from events;
