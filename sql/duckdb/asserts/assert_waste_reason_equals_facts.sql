-- name: assert_waste_reason_equals_facts
-- The roll-up of waste has what was wasted each day, to the cent.
select
    coalesce(k.day, f.day)::varchar as id,
    coalesce(k.usd, 0) || ' USD wasted, of generations ' || coalesce(f.usd, 0) as problem
from (
    select day, sum(generations) as n, sum(wasted_usd) as usd from waste_reason group by day
) as k
full join (
    select day, sum(generations) as n, sum(wasted_usd) as usd from wasted group by day
) as f on f.day = k.day
where k.n is distinct from f.n or k.usd is distinct from f.usd;
