-- name: assert_ends_are_final
-- What has ended is completed, failed or canceled, and only what is completed took a time to the end.
select
    id::varchar as id,
    status || ', finished at ' || coalesce(finished_at::varchar, 'no time') as problem
from generations
where (status in ('completed', 'failed', 'canceled')) <> (finished_at is not null)
    or (status = 'completed') <> (total_s is not null);
