-- name: budget_days
-- What was spent on each day by whom a budget can be for: everybody, a team, a campaign, a person.
-- parameters: since, until (the day after the last)
select
    case
        when grouping(team_id) = 0 then 'team'
        when grouping(campaign_id) = 0 then 'campaign'
        when grouping(person_id) = 0 then 'person'
        else 'organisation'
    end as scope,
    coalesce(team_id, campaign_id, person_id)::varchar as id,
    day,
    sum(amount_usd)::decimal(18, 6) as spend_usd
from charges
where day >= $since and day < $until
group by grouping sets ((day), (day, team_id), (day, campaign_id), (day, person_id))
order by scope, id, day;
