-- name: holds
-- Money that is set aside for generations that are not finished.
-- grain: one row for each open hold
-- generation_id: what it is held for
-- person_id: whose generation it is
-- team_id: their team
-- campaign_id: the campaign; null: none
-- amount_usd: what is held, in USD
-- created_at: since when (UTC)
-- expires_at: when it is looked at whether it is still needed (UTC)
select
    generation_id,
    person_id,
    team_id,
    campaign_id,
    amount_usd::decimal(14, 6) as amount_usd,
    created_at,
    expires_at
from pulled_holds;
