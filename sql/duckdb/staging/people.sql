-- name: people
-- Everybody, also those who have left.
-- grain: one row for each person
-- id: the person
-- name: their name
-- email: the address they sign in with
-- role: member, manager, analyst or admin
-- team_id: their team now
-- active: whether they may sign in
-- created_at: when they were added (UTC)
select
    id,
    name,
    email,
    role,
    team_id,
    active,
    created_at
from pulled_people;
