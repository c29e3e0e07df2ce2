-- name: open_campaigns
-- Campaigns the reader may use, by name.
select id, team_id, name, archived_at from studio.campaigns
where archived_at is null
order by lower(name);

-- name: by_name
-- The team's open campaign of this name.
select id, team_id, name, archived_at from studio.campaigns
where archived_at is null and team_id = %(team_id)s and lower(name) = lower(%(name)s);

-- name: insert
-- A new campaign. No row: the team has an open one of this name.
insert into studio.campaigns (team_id, name, created_by)
values (%(team_id)s, %(name)s, %(created_by)s)
on conflict (team_id, lower(name)) where archived_at is null do nothing
returning id, team_id, name, archived_at;
