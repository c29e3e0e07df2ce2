-- name: chargeback
-- One row for each charge and each correction, to be charged on to teams and campaigns.
-- parameters: since, until (the day after the last) and the filters of the page
with found as (
    select *
    from charges
    where day >= $since and day < $until /*filters*/
)

select
    c.day,
    c.created_at as charged_at,
    c.id::varchar as charge_id,
    c.kind,
    t.name as team,
    k.name as campaign,
    p.name as person,
    p.email,
    c.generation_id::varchar as generation_id,
    g.title,
    c.model,
    c.resolution,
    c.duration_s,
    c.status,
    c.cause,
    c.billable_units,
    c.price_usd_per_unit,
    c.amount_usd,
    c.verified,
    c.note
from found as c
left join teams as t on t.id = c.team_id
left join campaigns as k on k.id = c.campaign_id
left join people as p on p.id = c.person_id
left join generations as g on g.id = c.generation_id
order by c.created_at, c.id;
