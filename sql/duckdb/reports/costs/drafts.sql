-- name: drafts
-- What drafting saved: for every final that was made from a cheaper draft, what the drafts of that
-- family would have cost at the final's price for a second, less what they did cost. A draft is the
-- completed generation that a dearer one was made from, and its sisters of the same batch; drafts
-- of more than 90 days before the period are left out. The filters are of the finals.
-- parameters: since, until (the day after the last; of the finals) and the filters of the page
with paid as not materialized (
    -- As a decimal: of two prices that are the same, binary fractions find one to be lower.
    select *, (charge_usd / nullif(duration_s, 0))::decimal(18, 9) as usd_per_s
    from generations
    where day >= $since - 90 and day < $until and status = 'completed' and charge_usd > 0
),

dearest as (
    select parent_id, max(usd_per_s) as final_usd_per_s
    from paid
    where day >= $since and parent_id is not null /*filters*/
    group by parent_id
),

chosen as (
    select p.id, p.batch_id, p.parent_id, p.charge_usd, p.duration_s, f.final_usd_per_s
    from dearest as f
    inner join paid as p on p.id = f.parent_id
    where p.usd_per_s < 0.8 * f.final_usd_per_s
),

batch as (
    select batch_id, parent_id, max(final_usd_per_s) as final_usd_per_s
    from chosen
    where batch_id is not null
    group by batch_id, parent_id
),

draft as (
    select charge_usd, duration_s, final_usd_per_s, 1 as finals from chosen
    union all
    select d.charge_usd, d.duration_s, b.final_usd_per_s, 0
    from batch as b
    inner join paid as d
        on d.batch_id = b.batch_id and d.parent_id is not distinct from b.parent_id
    where
        d.usd_per_s < 0.8 * b.final_usd_per_s
        and d.id not in (select id from chosen where batch_id is not null)
)

select
    count(*)::bigint as drafts,
    coalesce(sum(finals), 0)::bigint as finals,
    coalesce(sum(charge_usd), 0)::decimal(18, 6) as drafts_usd,
    coalesce(sum(final_usd_per_s * duration_s), 0)::decimal(18, 6) as as_finals_usd,
    coalesce(sum(final_usd_per_s * duration_s - charge_usd), 0)::decimal(18, 6) as saved_usd
from draft;
