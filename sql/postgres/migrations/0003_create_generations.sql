-- Generations and the only moves their status can make.

create table studio.transitions (
    from_status text not null,
    to_status text not null,
    primary key (from_status, to_status)
);
comment on table studio.transitions is
    'Every legal change of a status. jobs/lifecycle.py states the same pairs; a test compares them.';

insert into studio.transitions (from_status, to_status) values
    ('awaiting_approval', 'queued'),
    ('awaiting_approval', 'canceled'),
    ('queued', 'submitting'),
    ('queued', 'failed'),
    ('queued', 'canceled'),
    ('submitting', 'waiting'),
    ('submitting', 'queued'),
    ('submitting', 'unknown'),
    ('submitting', 'failed'),
    ('submitting', 'canceling'),
    ('unknown', 'waiting'),
    ('unknown', 'failed'),
    ('unknown', 'canceling'),
    ('waiting', 'running'),
    ('waiting', 'collecting'),
    ('waiting', 'failed'),
    ('waiting', 'canceling'),
    ('running', 'collecting'),
    ('running', 'failed'),
    ('running', 'canceling'),
    ('collecting', 'completed'),
    ('collecting', 'failed'),
    ('collecting', 'canceled'),
    ('canceling', 'canceled'),
    ('canceling', 'collecting'),
    ('canceling', 'failed');

create table studio.generations (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references studio.people (id),
    team_id uuid not null references studio.teams (id),
    campaign_id uuid references studio.campaigns (id),
    parent_id uuid references studio.generations (id),
    batch_id uuid,
    lane text not null default 'interactive' check (lane in ('interactive', 'batch')),
    status text not null default 'queued',
    cause text check (cause in (
        'refused_prompt', 'refused_start_image', 'refused_end_image', 'refused_output',
        'bad_input', 'provider_down', 'timeout', 'storage', 'media', 'our_bug')),
    problem text,
    todo text,
    problem_detail text,
    title text not null,
    tags text [] not null default '{}',
    model text not null,
    endpoint text not null,
    prompt text not null,
    sent_prompt text not null,
    parameters jsonb not null,
    seed bigint check (seed between 0 and 4294967295),
    start_image jsonb not null,
    end_image jsonb,
    fingerprint text not null,
    price_usd_per_unit numeric(18, 9) not null check (price_usd_per_unit >= 0),
    price_tokens_per_unit integer not null check (price_tokens_per_unit > 0),
    price_source text not null,
    price_as_of date not null,
    estimate_usd numeric(14, 6) not null check (estimate_usd >= 0),
    tries smallint not null default 0,
    not_before timestamptz,
    lease_token uuid,
    lease_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    submitted_at timestamptz,
    finished_at timestamptz,
    cancel_requested_at timestamptz,
    constraint final_has_end check (
        (status in ('completed', 'failed', 'canceled')) = (finished_at is not null)),
    constraint failed_has_cause check ((status = 'failed') = (cause is not null)),
    constraint lease_is_whole check ((lease_token is null) = (lease_until is null))
);
comment on table studio.generations is 'One request to make one video: the job and its money.';
comment on column studio.generations.tries is 'How often the present step failed for now.';
comment on column studio.generations.not_before is 'No worker claims it earlier; null: at once.';
comment on column studio.generations.lease_token is
    'Fences the worker that holds it: every write of that worker names its token.';

-- The claim reads queued and collecting rows only, which are few.
create index generations_claim on studio.generations (status, lane, created_at)
where status in ('queued', 'collecting');
-- Counting what is in flight, and the sweeps, look at unfinished rows only.
create index generations_open on studio.generations (status) where finished_at is null;
create index generations_person on studio.generations (person_id, created_at desc, id desc);
create index generations_team on studio.generations (team_id, created_at desc, id desc);

create table studio.generation_history (
    id bigint generated always as identity primary key,
    generation_id uuid not null references studio.generations (id),
    from_status text,
    to_status text not null,
    at timestamptz not null default clock_timestamp()
);
create index generation_history_generation on studio.generation_history (generation_id, id);

-- Fairness: whose turn in the queue it was last.
create table studio.turns (
    person_id uuid primary key references studio.people (id),
    last_turn_at timestamptz not null
);
