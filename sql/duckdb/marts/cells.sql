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
    0, 0, 0, 0, 0, 0, 0, 0, 0,
    amount_usd, 1, 0, 0, 0, 0
from charges
union all
select
    day, team_id, null, person_id, null, null, null, null,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    (kind = 'viewed')::bigint, (kind = 'downloaded')::bigint, (kind = 'shared')::bigint, 1
from events;
