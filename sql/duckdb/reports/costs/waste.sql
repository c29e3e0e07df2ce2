-- name: waste
-- Money that no usable video came of, by why: how it failed, that it was stopped, or that the
-- video was rejected in review. What failed free of charge is counted beside it.
-- parameters: since, until (the day after the last) and the filters of the page
select
    case status
        when 'failed' then coalesce(cause, 'unknown')
        when 'canceled' then 'stopped'
        else 'rejected'
    end as reason,
    count(*)::bigint as generations,
    count(*) filter (where charge_usd > 0)::bigint as charged,
    coalesce(sum(charge_usd), 0)::decimal(18, 6) as wasted_usd
from generations
where
    day >= $since and day < $until
    and (status in ('failed', 'canceled') or verdict = 'rejected') /*filters*/
group by 1
order by wasted_usd desc, generations desc, reason;
