-- name: waste
-- Money that no usable video came of, by why: how it failed, that it was stopped, or that the
-- video was rejected in review. What failed free of charge is counted beside it.
-- parameters: since, until (the day after the last) and the filters of the page
select
    reason,
    sum(generations)::bigint as generations,
    sum(charged)::bigint as charged,
    sum(wasted_usd)::decimal(18, 6) as wasted_usd
from /*waste*/
where day >= $since and day < $until /*filters*/
group by reason
order by wasted_usd desc, generations desc, reason;
