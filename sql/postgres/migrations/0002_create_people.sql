-- People, their teams and campaigns, and how they prove who they are.

create table studio.organisation (
    only_row boolean primary key default true check (only_row),
    name text not null,
    time_zone text not null
);
comment on table studio.organisation is 'One row. Budgets begin and end in its time zone.';

create table studio.teams (
    id uuid primary key default gen_random_uuid(),
    name text not null check (name = trim(name) and name <> ''),
    created_at timestamptz not null default now()
);
create unique index teams_name on studio.teams (lower(name));

create table studio.people (
    id uuid primary key default gen_random_uuid(),
    email text not null check (email = lower(email) and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    name text not null check (name = trim(name) and name <> ''),
    role text not null check (role in ('member', 'manager', 'analyst', 'admin')),
    team_id uuid not null references studio.teams (id),
    active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint people_email unique (email)
);
create index people_team on studio.people (team_id);

-- Apart from people, so that no grant on people can ever show a hash.
create table studio.passwords (
    person_id uuid primary key references studio.people (id) on delete cascade,
    argon2_hash text not null,
    updated_at timestamptz not null default now()
);

create table studio.sessions (
    id uuid primary key default gen_random_uuid(),
    token_sha256 bytea not null check (length(token_sha256) = 32),
    person_id uuid not null references studio.people (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    user_agent text not null default '',
    constraint sessions_token unique (token_sha256)
);
create index sessions_person on studio.sessions (person_id);
comment on table studio.sessions is 'A sign-in. The cookie''s value is only kept as its SHA-256.';

create table studio.sign_in_links (
    token_sha256 bytea primary key check (length(token_sha256) = 32),
    person_id uuid not null references studio.people (id) on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
comment on table studio.sign_in_links is 'Links that sign one person in, once.';

create table studio.campaigns (
    id uuid primary key default gen_random_uuid(),
    team_id uuid not null references studio.teams (id),
    name text not null check (name = trim(name) and name <> ''),
    created_by uuid references studio.people (id),
    created_at timestamptz not null default now(),
    archived_at timestamptz
);
create unique index campaigns_name on studio.campaigns (team_id, lower(name))
where archived_at is null;

-- What policies ask about the person behind a transaction. Security definer, because the policies
-- of people themselves use them.
create function studio.my_role() returns text
language sql stable security definer set search_path = '' as $$
    select role from studio.people where id = auth.uid() and active
$$;

create function studio.my_team() returns uuid
language sql stable security definer set search_path = '' as $$
    select team_id from studio.people where id = auth.uid() and active
$$;

-- Who made a thing is told to everybody who sees the thing, also when that person has left the
-- team and is no colleague any more.
create function studio.person_name(p_person uuid) returns text
language sql stable security definer set search_path = '' as $$
    select name from studio.people where id = p_person
$$;

-- Whether a person is behind this transaction rather than the studio itself. The role setting is
-- the caller's also inside a function that runs with its owner's rights; current_user is not.
create function studio.acts_as_person() returns boolean
language sql stable set search_path = '' as $$
    select current_setting('role') not in ('service_role', 'none')
$$;
