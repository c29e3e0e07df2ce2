-- name: lock
-- One migration at a time; the lock ends with the connection.
select pg_advisory_lock(727274001);

-- name: create_table
-- Where applied migrations are written down.
do $$
begin
    create schema if not exists studio;
    create table if not exists studio.migrations (
        name text primary key,
        sha256 text not null,
        applied_at timestamptz not null default now()
    );
end
$$;

-- name: applied
-- Name and hash of every applied migration.
select name, sha256 from studio.migrations;

-- name: record
-- Write down that a migration was applied.
insert into studio.migrations (name, sha256) values (%(name)s, %(sha256)s);

-- name: describe_organisation
-- The organisation's name and time zone, as the settings say today.
insert into studio.organisation (name, time_zone) values (%(name)s, %(time_zone)s)
on conflict (only_row) do update set name = excluded.name, time_zone = excluded.time_zone;
