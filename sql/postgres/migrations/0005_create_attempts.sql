-- Attempts: one row per POST to fal, committed before the POST is sent.

create table studio.attempts (
    id uuid primary key default gen_random_uuid(),
    generation_id uuid not null references studio.generations (id),
    number smallint not null check (number >= 1),
    state text not null default 'intended'
        check (state in ('intended', 'accepted', 'unknown', 'refused', 'ended')),
    endpoint text not null,
    marker text not null,
    arguments jsonb not null,
    request_id text,
    status_url text,
    response_url text,
    cancel_url text,
    start_deadline timestamptz not null,
    detail text,
    queue_position integer,
    logs jsonb not null default '[]',
    inference_s double precision,
    created_at timestamptz not null default clock_timestamp(),
    accepted_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    ended_at timestamptz,
    next_poll_at timestamptz,
    cancel_sent_at timestamptz,
    constraint attempts_number unique (generation_id, number),
    constraint attempts_marker unique (marker),
    constraint attempts_request unique (request_id),
    constraint accepted_has_request check (
        state not in ('accepted') or (request_id is not null and status_url is not null
            and response_url is not null and cancel_url is not null))
);
comment on table studio.attempts is 'One submit to fal. The row is there before the POST.';
comment on column studio.attempts.marker is
    'Address of the start image uploaded for this attempt only: finds it in fal''s history.';

-- At most one POST can be open for a generation: the first promise, held by the database.
create unique index attempts_one_open on studio.attempts (generation_id)
where state in ('intended', 'accepted', 'unknown');
create index attempts_watched on studio.attempts (next_poll_at) where state = 'accepted';

-- The state of the account at fal. While `locked_since` is set nothing is submitted before
-- `next_probe_at`; then one submit is let through as the probe.
create table studio.provider_state (
    only_row boolean primary key default true check (only_row),
    locked_since timestamptz,
    reason text,
    next_probe_at timestamptz
);
insert into studio.provider_state default values;
