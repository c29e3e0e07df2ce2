-- name: assert_costs_equal_charges
-- What a generation cost is the sum of its charges and adjustments, to the cent.
select
    coalesce(g.id, c.generation_id)::varchar as id,
    'cost ' || coalesce(g.charge_usd::varchar, 'nothing') || ', charged '
    || coalesce(c.amount_usd::varchar, 'nothing') as problem
from (select id, charge_usd from generations where charge_usd is not null) as g
full join (
    select generation_id, sum(amount_usd)::decimal(14, 6) as amount_usd
    from charges where generation_id is not null group by generation_id
) as c on c.generation_id = g.id
where g.charge_usd is distinct from c.amount_usd;
