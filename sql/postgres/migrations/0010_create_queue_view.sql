-- The queue as colleagues see it: everybody's place, nobody else's prompt.
-- The view runs with its owner's rights and filters by itself; security_barrier keeps a caller's
-- functions from seeing rows before the filter.

create view studio.team_queue with (security_barrier) as
with places as (
    select
        q.id,
        row_number() over (
            order by q.lane desc, q.nth, t.last_turn_at nulls first, q.first_at, q.first_id) as place
    from (
        -- Whoever comes first in the first round comes first in every round.
        select
            g.id, g.lane, g.person_id,
            row_number() over w as nth,
            first_value(g.created_at) over w as first_at,
            first_value(g.id) over w as first_id
        from studio.generations as g
        where g.status = 'queued'
        window w as (partition by g.person_id, g.lane order by g.created_at, g.id)
    ) as q
    left join studio.turns as t on t.person_id = q.person_id
)

select
    g.id,
    g.person_id,
    p.name as person_name,
    g.team_id,
    g.status,
    g.model,
    g.lane,
    g.created_at,
    g.updated_at,
    g.finished_at,
    places.place,
    g.person_id = auth.uid() as mine,
    case when g.person_id = auth.uid() or studio.my_role() in ('manager', 'admin')
        then g.title end as title
from studio.generations as g
inner join studio.people as p on p.id = g.person_id
left join places on places.id = g.id
where auth.uid() is not null
    and (g.team_id = studio.my_team() or studio.my_role() = 'admin');
comment on column studio.team_queue.place is 'Place in our queue, first is 1; null: not queued.';
comment on column studio.team_queue.title is 'Null where the reader may not see the prompt.';

grant select on studio.team_queue to authenticated, service_role;
