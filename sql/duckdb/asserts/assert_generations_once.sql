-- name: assert_generations_once
-- Every generation is in the warehouse once.
select
    id::varchar as id,
    count(*) || ' rows' as problem
from generations
group by id
having count(*) > 1;
