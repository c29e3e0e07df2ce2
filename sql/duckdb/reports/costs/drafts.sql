-- name: drafts
-- What drafting saved: for every final that was made from a cheaper draft, what the drafts of that
-- family would have cost at the final's price for a second, less what they did cost. A draft is a
-- completed generation that a dearer one was made from, with its sisters from the same parent.
-- parameters: since, until (the day after the last; of the finals) and the filters of the page
with final as (
    select id, parent_id, charge_usd / nullif(duration_s, 0) as usd_per_s
    from generations
    where
        day >= $since and day < $until and status = 'completed' and charge_usd > 0
        and parent_id is not null /*filters*/
),

family as (
    select
        d.id as draft_id,
        max(f.usd_per_s) as final_usd_per_s,
        any_value(f.id) as final_id
    from final as f
    inner join generations as p on p.id = f.parent_id
    inner join generations as d
        on d.id = p.id or (d.parent_id = p.parent_id and d.batch_id = p.batch_id)
    where d.status = 'completed' and d.charge_usd > 0
        and d.charge_usd / nullif(d.duration_s, 0) < 0.8 * f.usd_per_s
    group by d.id
)

select
    count(*)::bigint as drafts,
    count(distinct s.final_id)::bigint as finals,
    coalesce(sum(d.charge_usd), 0)::decimal(18, 6) as drafts_usd,
    coalesce(sum(s.final_usd_per_s * d.duration_s), 0)::decimal(18, 6) as as_finals_usd,
    coalesce(sum(s.final_usd_per_s * d.duration_s - d.charge_usd), 0)::decimal(18, 6) as saved_usd
from family as s
inner join generations as d on d.id = s.draft_id;
