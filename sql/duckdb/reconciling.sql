-- name: waiting
-- Rows whose change waits for others.
select dataset, key from /*waiting*/;

-- name: differences
-- Where the warehouse and the record disagree, leaving out what the warehouse has still to read.
with kept as (
    select 'generations' as what, status as name, count(*) as n, sum(estimate_usd) as usd
    from generations
    where id::varchar not in (select unnest($generations))
    group by status
    union all
    select 'charges', kind, count(*), sum(amount_usd)
    from charges
    where id::varchar not in (select unnest($charges))
        and coalesce(generation_id::varchar, '') not in (select unnest($generations))
    group by kind
)

select
    coalesce(k.what, r.what) || ' (' || coalesce(k.name, r.name) || ')' as id,
    coalesce(r.n, 0) || ' with ' || coalesce(r.usd, '0') || ' USD in the record, '
    || coalesce(k.n, 0) || ' with ' || coalesce(k.usd, 0) || ' USD in the warehouse' as problem
from kept as k
full join pulled_totals as r on r.what = k.what and r.name = k.name
where k.n is distinct from r.n or k.usd is distinct from r.usd::decimal(18, 6)
order by id;
