-- name: estimates
-- How well the estimate before a generation foretold its charge, by model: completed ones of the
-- period, and the last seven days of it apart.
-- parameters: since, until (the day after the last) and the filters of the page
select
    model,
    count(*)::bigint as generations,
    sum(estimate_usd)::decimal(18, 6) as estimate_usd,
    sum(charge_usd)::decimal(18, 6) as charge_usd,
    round((sum(charge_usd) / nullif(sum(estimate_usd), 0) - 1)::double, 6) as difference,
    round(median(charge_usd / nullif(estimate_usd, 0) - 1)::double, 6) as median_difference,
    count(*) filter (where day >= $until - 7)::bigint as recent,
    round(
        (
            sum(charge_usd) filter (where day >= $until - 7)
            / nullif(sum(estimate_usd) filter (where day >= $until - 7), 0) - 1
        )::double,
        6
    ) as recent_difference,
    count(*) filter (where not verified)::bigint as unverified
from generations
where
    day >= $since and day < $until and status = 'completed' and charge_usd is not null /*filters*/
group by model
order by charge_usd desc, model;
