-- name: bridge
-- What good videos (completed and not rejected) of a period cost, by model and resolution, and
-- beside them what was wasted: the figures that the change of spend is split into.
-- parameters: since, until (the day after the last) and the filters of the page
with paid as (
    select
        model,
        resolution,
        sum(charged) as n,
        sum(charged_s) as seconds,
        sum(billed_usd) as usd,
        sum(good) as good_n,
        sum(good_s) as good_s,
        sum(good_usd) as good_usd
    from /*cells*/
    where day >= $since and day < $until and model is not null /*filters*/
    group by model, resolution
)

select
    model,
    resolution,
    false as good,
    (n - good_n)::bigint as n,
    (seconds - good_s)::double as seconds,
    (usd - good_usd)::decimal(18, 6) as usd
from paid
where n > good_n
union all
select model, resolution, true, good_n::bigint, good_s::double, good_usd::decimal(18, 6)
from paid
where good_n > 0
order by model, resolution, good;
