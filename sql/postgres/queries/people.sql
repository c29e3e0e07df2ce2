-- name: by_id
-- One person with their team's name.
select p.*, t.name as team_name from studio.people as p
inner join studio.teams as t on t.id = p.team_id
where p.id = %(id)s;

-- name: by_email
-- One person by address, active or not.
select p.*, t.name as team_name from studio.people as p
inner join studio.teams as t on t.id = p.team_id
where p.email = lower(%(email)s);

-- name: everybody
-- All people the reader may see, by name.
select p.*, t.name as team_name from studio.people as p
inner join studio.teams as t on t.id = p.team_id
order by lower(p.name), p.id;

-- name: first_admin
-- The longest-standing active administrator.
select p.*, t.name as team_name from studio.people as p
inner join studio.teams as t on t.id = p.team_id
where p.role = 'admin' and p.active
order by p.created_at, p.id
limit 1;

-- name: ensure_team
-- The team of this name, made when there is none.
insert into studio.teams as t (name) values (%(name)s)
-- An update that changes nothing, because a team that another makes just now can't be read yet.
on conflict (lower(name)) do update set name = t.name
returning id;

-- name: insert
-- A new person.
insert into studio.people (email, name, role, team_id)
values (lower(%(email)s), %(name)s, %(role)s, %(team_id)s)
returning id;

-- name: change
-- Change role, team or activity; null leaves a field as it is.
update studio.people set
    role = coalesce(%(role)s, role),
    team_id = coalesce(%(team_id)s, team_id),
    active = coalesce(%(active)s, active),
    updated_at = now()
where id = %(id)s;

-- name: set_password
-- Keep a password's hash, in place of the one before.
insert into studio.passwords (person_id, argon2_hash) values (%(person_id)s, %(argon2_hash)s)
on conflict (person_id) do update set argon2_hash = excluded.argon2_hash, updated_at = now();

-- name: password_hash
-- The hash to check a password against; only for active people.
select w.argon2_hash from studio.passwords as w
inner join studio.people as p on p.id = w.person_id
where w.person_id = %(person_id)s and p.active;
