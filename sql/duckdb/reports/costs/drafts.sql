-- name: drafts
-- What drafting saved: for every final that was made from a cheaper draft, what the drafts of that
-- family would have cost at the final's price for a second, less what they did cost. A draft is the
-- completed generation that a dearer one was made from, and its sisters of the same batch.
-- parameters: since, until (the day after the last; of the finals) and the filters of the page
with final as (
    select id, parent_id, charge_usd / nullif(duration_s, 0) as usd_per_s
    from generations
    where
        day >= $since and day < $until and status = 'completed' and charge_usd > 0
        and parent_id is not null /*filters*/
),

chosen as (
    select p.id, p.batch_id, p.parent_id, f.id as final_id, f.usd_per_s
    from final as f
    inner join generations as p on p.id = f.parent_id
),

family as (
    select id as draft_id, final_id, usd_per_s
    from chosen
    union
    select d.id, c.final_id, c.usd_per_s
    from chosen as c
    inner join generations as d
        on d.batch_id = c.batch_id and d.parent_id is not distinct from c.parent_id
),

draft as (
    select
        d.duration_s,
        d.charge_usd,
        max_by(f.final_id, f.usd_per_s) as final_id,
        max(f.usd_per_s) as final_usd_per_s
    from family as f
    inner join generations as d on d.id = f.draft_id
    where
        d.status = 'completed' and d.charge_usd > 0
        and d.charge_usd / nullif(d.duration_s, 0) < 0.8 * f.usd_per_s
    group by d.id, d.duration_s, d.charge_usd
)

select
    count(*)::bigint as drafts,
    count(distinct final_id)::bigint as finals,
    coalesce(sum(charge_usd), 0)::decimal(18, 6) as drafts_usd,
    coalesce(sum(final_usd_per_s * duration_s), 0)::decimal(18, 6) as as_finals_usd,
    coalesce(sum(final_usd_per_s * duration_s - charge_usd), 0)::decimal(18, 6) as saved_usd
from draft;
