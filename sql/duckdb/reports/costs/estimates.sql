-- name: estimates
-- How well the estimate before a generation foretold its charge, by model: completed ones of the
-- period, and the last seven days of it apart.
-- parameters: since, until (the day after the last) and the filters of the page
select
    model,
    sum(foretold)::bigint as generations,
    sum(foretold_usd)::decimal(18, 6) as estimate_usd,
    sum(settled_usd)::decimal(18, 6) as charge_usd,
    round((sum(settled_usd) / nullif(sum(foretold_usd), 0) - 1)::double, 6) as difference,
    coalesce(sum(foretold) filter (where day >= $until - 7), 0)::bigint as recent,
    round(
        (
            sum(settled_usd) filter (where day >= $until - 7)
            / nullif(sum(foretold_usd) filter (where day >= $until - 7), 0) - 1
        )::double,
        6
    ) as recent_difference,
    sum(unverified)::bigint as unverified
from /*cells*/
where day >= $since and day < $until and model is not null /*filters*/
group by model
having sum(foretold) > 0
order by charge_usd desc, model;
