-- name: charges
-- The ledger: what was spent, and every correction of it.
-- grain: one row for each charge or adjustment
-- id: the row of the ledger
-- created_at: when it was written (UTC); it counts in the budgets of that time
-- day: the day of created_at in the company's time zone
-- generation_id: what it paid for; null: an adjustment of a whole scope
-- person_id: whose spend it is; null: nobody's in particular
-- team_id: whose spend it is; null: the organisation's
-- campaign_id: the campaign it was spent for; null: none
-- kind: charge or adjustment
-- amount_usd: what was spent, in USD; below zero when it was taken back
-- billable_units: what fal billed, in its units; null: it did not say
-- verified: whether fal said what it billed
-- note: what a person or the studio wrote about it
-- model: model of the generation; null: none
-- resolution: resolution of the generation
-- duration_s: length asked for in the generation, in seconds
-- price_usd_per_unit: price of the generation, in USD for a unit
-- status: where the generation stands
-- cause: why the generation failed; null when it did not
select
    c.id,
    c.created_at,
    c.day,
    c.generation_id,
    c.person_id,
    c.team_id,
    c.campaign_id,
    c.kind,
    c.amount_usd::decimal(14, 6) as amount_usd,
    c.billable_units,
    c.verified,
    c.note,
    g.model,
    g.resolution,
    g.duration_s,
    g.price_usd_per_unit::decimal(18, 9) as price_usd_per_unit,
    g.status,
    g.cause
from pulled_charges as c
left join pulled_generations as g on g.id = c.generation_id;
