-- name: open
-- Begin a session.
insert into studio.sessions (token_sha256, person_id, expires_at, user_agent)
values (%(token_sha256)s, %(person_id)s, now() + make_interval(hours => %(hours)s), %(user_agent)s)
returning id;

-- name: find
-- The live session behind a cookie, with its person.
select
    s.id as session_id, s.expires_at as session_expires_at, p.*, t.name as team_name
from studio.sessions as s
inner join studio.people as p on p.id = s.person_id
inner join studio.teams as t on t.id = p.team_id
where s.token_sha256 = %(token_sha256)s
    and s.revoked_at is null and s.expires_at > now() and p.active;

-- name: find_by_id
-- The live session with this id, with its person.
select
    s.id as session_id, s.expires_at as session_expires_at, p.*, t.name as team_name
from studio.sessions as s
inner join studio.people as p on p.id = s.person_id
inner join studio.teams as t on t.id = p.team_id
where s.id = %(session_id)s
    and s.revoked_at is null and s.expires_at > now() and p.active;

-- name: revoke
-- End one session.
update studio.sessions set revoked_at = now() where id = %(session_id)s and revoked_at is null;

-- name: revoke_of_person
-- End every session of a person.
update studio.sessions set revoked_at = now()
where person_id = %(person_id)s and revoked_at is null;

-- name: add_link
-- A link that signs one person in, once.
insert into studio.sign_in_links (token_sha256, person_id, expires_at)
values (%(token_sha256)s, %(person_id)s, now() + make_interval(hours => %(hours)s));

-- name: find_link
-- Whom a link would sign in; no row when it is used, expired or unknown.
select l.person_id from studio.sign_in_links as l
inner join studio.people as p on p.id = l.person_id
where l.token_sha256 = %(token_sha256)s and l.used_at is null and l.expires_at > now() and p.active;

-- name: use_link
-- Use a link up; the person it signs in, no row when it is used, expired or unknown.
update studio.sign_in_links as l set used_at = now()
from studio.people as p
where l.token_sha256 = %(token_sha256)s and l.used_at is null and l.expires_at > now()
    and p.id = l.person_id and p.active
returning l.person_id;
