-- name: bridge
-- What good videos (completed and not rejected) of a period cost, by model and resolution, and
-- beside them what was wasted: the figures that the change of spend is split into.
-- parameters: since, until (the day after the last) and the filters of the page
select
    model,
    resolution,
    status = 'completed' and verdict is distinct from 'rejected' as good,
    count(*)::bigint as n,
    sum(duration_s)::double as seconds,
    sum(charge_usd)::decimal(18, 6) as usd
from generations
where day >= $since and day < $until and charge_usd is not null /*filters*/
group by all
order by model, resolution, good;
