-- name: campaigns
-- All campaigns, also archived ones.
-- grain: one row for each campaign
-- id: the campaign
-- team_id: whose it is
-- name: its name now
select
    id,
    team_id,
    name
from pulled_campaigns;
