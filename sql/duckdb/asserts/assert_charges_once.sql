-- name: assert_charges_once
-- Every row of the ledger is in the warehouse once.
select
    id::varchar as id,
    count(*) || ' rows' as problem
from charges
group by id
having count(*) > 1;
