-- name: budget_days
-- What was spent on each day by whom a budget can be for: everybody, a team, a campaign, a person;
-- in no order, for it is looked up and many people make many rows.
-- parameters: since, until (the day after the last)
with by_campaign as (
    select day, team_id, campaign_id, sum(spend_usd) as spend_usd
    from cells_campaign
    where day >= $since and day < $until and charges > 0
    group by day, team_id, campaign_id
)

select
    case
        when grouping(team_id) = 0 then 'team'
        when grouping(campaign_id) = 0 then 'campaign'
        else 'organisation'
    end as scope,
    coalesce(team_id, campaign_id)::varchar as id,
    day,
    sum(spend_usd)::decimal(18, 6) as spend_usd
from by_campaign
group by grouping sets ((day), (day, team_id), (day, campaign_id))
union all
select 'person', person_id::varchar, day, sum(spend_usd)::decimal(18, 6)
from cells_person
where day >= $since and day < $until and charges > 0
group by person_id, day;
