-- name: assert_latency_day_counts_all
-- The latencies by day count every completed generation once, each day.
select
    coalesce(k.day, f.day)::varchar as id,
    coalesce(k.n, 0) || ' counted, ' || coalesce(f.n, 0) || ' completed' as problem
from (
    select day, sum(n) as n from latency_day where phase = 'total' group by day
) as k
full join (
    select day, count(total_s) as n from generations where total_s is not null group by day
) as f on f.day = k.day
where k.n is distinct from f.n;
