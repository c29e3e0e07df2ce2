-- name: teams
-- All teams.
-- grain: one row for each team
-- id: the team
-- name: its name now
select
    id,
    name
from pulled_teams;
