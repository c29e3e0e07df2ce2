-- name: assert_events_once
-- Every event is in the warehouse once.
select
    id::varchar as id,
    count(*) || ' rows' as problem
from events
group by id
having count(*) > 1;
