-- name: by_group
-- What came of the money, by one of model, team, campaign and person.
-- parameters: since, until (the day after the last) and the filters of the page
with names as (
    select id::varchar as id, name from teams
    union all
    select id::varchar, name from campaigns
    union all
    select id::varchar, name from people
)

select
    c./*by*/::varchar as id,
    coalesce(any_value(n.name), c./*by*/::varchar) as name,
    sum(c.spend_usd)::decimal(18, 6) as spend_usd,
    sum(c.billed_usd)::decimal(18, 6) as billed_usd,
    sum(c.generations)::bigint as generations,
    sum(c.completed)::bigint as completed,
    sum(c.approved)::bigint as approved,
    round(sum(c.billed_usd) / nullif(sum(c.completed), 0), 6) as usd_per_completed,
    round(sum(c.billed_usd) / nullif(sum(c.approved), 0), 6) as usd_per_approved,
    sum(c.wasted_usd)::decimal(18, 6) as wasted_usd
from /*cells*/ as c
left join names as n on n.id = c./*by*/::varchar
where c.day >= $since and c.day < $until /*filters*/
group by 1
having sum(c.generations) > 0 or sum(c.charges) > 0
order by spend_usd desc, name;
