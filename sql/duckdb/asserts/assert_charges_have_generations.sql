-- name: assert_charges_have_generations
-- Whatever was paid for a generation has that generation.
select
    id::varchar as id,
    'pays for a generation that is not there' as problem
from charges
where generation_id is not null and generation_id not in (select id from generations);
