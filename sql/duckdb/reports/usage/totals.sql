-- name: totals
-- What people did with the studio in a period. Active is who made a generation or left an event;
-- over are generations that were completed or failed, not stopped by a person.
-- parameters: since, until (the day after the last) and the filters of the page
select
    count(distinct person_id) filter (where generations > 0 or events > 0)::bigint as active,
    coalesce(sum(generations), 0)::bigint as generations,
    coalesce(sum(completed), 0)::bigint as completed,
    coalesce(sum(completed + failed), 0)::bigint as ended,
    coalesce(sum(approved), 0)::bigint as approved,
    coalesce(sum(downloaded), 0)::bigint as downloaded,
    coalesce(sum(shared), 0)::bigint as shared,
    coalesce(sum(spend_usd), 0)::decimal(18, 6) as spend_usd
from /*cells*/
where day >= $since and day < $until /*filters*/;
