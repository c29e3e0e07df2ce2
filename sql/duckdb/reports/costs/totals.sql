-- name: totals
-- What was spent and what came of it in a period.
-- parameters: since, until (the day after the last) and the filters of the page
select
    coalesce(sum(spend_usd), 0)::decimal(18, 6) as spend_usd,
    coalesce(sum(spend_usd) filter (where model is null), 0)::decimal(18, 6) as unattributed_usd,
    coalesce(sum(billed_usd), 0)::decimal(18, 6) as billed_usd,
    coalesce(sum(wasted_usd), 0)::decimal(18, 6) as wasted_usd,
    coalesce(sum(generations), 0)::bigint as generations,
    coalesce(sum(completed), 0)::bigint as completed,
    coalesce(sum(approved), 0)::bigint as approved,
    coalesce(sum(charges), 0)::bigint as charges
from /*cells*/
where day >= $since and day < $until /*filters*/;
