-- name: spend_by_day
-- What the ledger says was spent, by day, week or month and by one of model, team, campaign and
-- person. What belongs to none of them has a line of its own with a null id. A week or month has
-- the date of its first day, also where that is before the period.
-- parameters: since, until (the day after the last), grain (day, week or month) and the filters
with names as (
    select id::varchar as id, name from teams
    union all
    select id::varchar, name from campaigns
    union all
    select id::varchar, name from people
)

select
    date_trunc($grain, c.day)::date as day,
    c./*by*/::varchar as id,
    coalesce(any_value(n.name), c./*by*/::varchar) as name,
    sum(c.spend_usd)::decimal(18, 6) as spend_usd,
    sum(c.charges)::bigint as charges
from /*cells*/ as c
left join names as n on n.id = c./*by*/::varchar
where c.day >= $since and c.day < $until /*filters*/
group by 1, 2
having sum(c.charges) > 0
order by 1, spend_usd desc;
