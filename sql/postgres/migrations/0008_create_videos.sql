-- Videos, the files they consist of, and what people did with them.

create table studio.videos (
    id uuid primary key references studio.generations (id),
    title text not null,
    description text not null default '',
    tags text [] not null default '{}',
    person_id uuid not null references studio.people (id),
    team_id uuid not null references studio.teams (id),
    campaign_id uuid references studio.campaigns (id),
    path text not null,
    poster_path text not null,
    status text not null default 'ready' check (status in ('ready', 'trashed')),
    model text not null,
    prompt text not null,
    seed bigint,
    parameters jsonb not null,
    size_bytes bigint not null check (size_bytes > 0),
    duration_s numeric(10, 3) not null check (duration_s > 0),
    resolution text not null,
    aspect_ratio text not null,
    fps numeric(8, 3) not null check (fps > 0),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    render_lease_token uuid,
    render_lease_until timestamptz,
    render_tries smallint not null default 0,
    render_not_before timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint trash_has_time check ((status = 'trashed') = (deleted_at is not null))
);
comment on table studio.videos is 'The asset that a completed generation leaves; same id.';
comment on column studio.videos.path is 'Key of the file that is played.';
create index videos_team on studio.videos (team_id, created_at desc, id desc);
create index videos_person on studio.videos (person_id, created_at desc, id desc);
create index videos_status on studio.videos (status);
create index videos_tags on studio.videos using gin (tags);

create table studio.renditions (
    video_id uuid not null references studio.videos (id) on delete cascade,
    kind text not null
        check (kind in ('original', 'web', '480p', '360p', 'poster', 'preview')),
    state text not null default 'pending'
        check (state in ('pending', 'ready', 'failed', 'skipped')),
    key text,
    content_type text,
    size_bytes bigint,
    width integer,
    height integer,
    sha256 text,
    problem text,
    updated_at timestamptz not null default now(),
    primary key (video_id, kind),
    constraint ready_has_file check (
        state <> 'ready' or (key is not null and content_type is not null
            and size_bytes is not null and sha256 is not null)),
    constraint failed_says_why check ((state = 'failed') = (problem is not null))
);
create unique index renditions_key on studio.renditions (key);
create index renditions_pending on studio.renditions (video_id) where state = 'pending';

create table studio.events (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    kind text not null check (kind in (
        'signed_in', 'submitted', 'completed', 'failed', 'canceled', 'viewed', 'downloaded',
        'shared', 'trashed', 'restored', 'error')),
    person_id uuid references studio.people (id),
    team_id uuid references studio.teams (id),
    generation_id uuid references studio.generations (id),
    detail jsonb not null default '{}'
);
create index events_generation on studio.events (generation_id, id);
create index events_person on studio.events (person_id, at);

-- Which processes of the studio are at work, by their own word.
create table studio.processes (
    name text primary key,
    kind text not null,
    host text not null,
    pid integer not null,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now()
);
