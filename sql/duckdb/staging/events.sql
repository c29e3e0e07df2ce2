-- name: events
-- What people and workers did.
-- grain: one row for each event
-- id: the event; later ones have greater ids
-- happened_at: when it happened (UTC)
-- day: the day of happened_at in the company's time zone
-- kind: what happened: submitted, viewed, downloaded, shared and so on
-- person_id: who did it; null: the studio
-- team_id: their team at that time; null: none
-- generation_id: what it happened to; null: nothing in particular
select
    id,
    happened_at,
    day,
    kind,
    person_id,
    team_id,
    generation_id
from pulled_events;
