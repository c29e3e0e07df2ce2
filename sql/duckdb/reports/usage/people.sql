-- name: people
-- What each person did with the studio in a period, by name. Who did nothing is left out, and so is
-- what belongs to nobody. A null name is somebody who is not in the reader's team any more.
-- parameters: since, until (the day after the last) and the filters of the page
select
    c.person_id::varchar as id,
    any_value(p.name) as name,
    sum(c.generations)::bigint as generations,
    sum(c.completed)::bigint as completed,
    sum(c.completed + c.failed)::bigint as ended,
    sum(c.approved)::bigint as approved,
    sum(c.downloaded)::bigint as downloaded,
    sum(c.shared)::bigint as shared,
    sum(c.spend_usd)::decimal(18, 6) as spend_usd
from (
    select person_id, generations, completed, failed, approved, downloaded, shared, spend_usd, events, charges
    from /*cells*/
    where day >= $since and day < $until /*filters*/
) as c
left join people as p on p.id = c.person_id
where c.person_id is not null
group by c.person_id
having sum(c.generations) > 0 or sum(c.events) > 0 or sum(c.charges) > 0
order by lower(any_value(p.name)) nulls last, id;
