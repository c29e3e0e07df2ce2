-- Money. A hold is a row with an end, never a counter; a charge is written once.

create table studio.budgets (
    id uuid primary key default gen_random_uuid(),
    scope text not null check (scope in ('organisation', 'team', 'campaign', 'person')),
    team_id uuid references studio.teams (id),
    campaign_id uuid references studio.campaigns (id),
    person_id uuid references studio.people (id),
    period text not null check (period in ('day', 'month', 'total')),
    kind text not null default 'hard' check (kind in ('soft', 'hard')),
    limit_usd numeric(14, 6) not null check (limit_usd >= 0 and limit_usd <> 'NaN'),
    active boolean not null default true,
    created_by uuid references studio.people (id),
    created_at timestamptz not null default now(),
    constraint scope_names_its_target check (
        (scope = 'team') = (team_id is not null)
        and (scope = 'campaign') = (campaign_id is not null)
        and (scope = 'person' or person_id is null))
);
comment on column studio.budgets.person_id is
    'For scope person: whose budget. Null: each person''s own, unless they have one of their own.';
create unique index budgets_one_per_target on studio.budgets
(scope, period, kind, coalesce(team_id, campaign_id, person_id,
    '00000000-0000-0000-0000-000000000000')) where active;

create index budgets_target on studio.budgets
(scope, coalesce(team_id, campaign_id, person_id, '00000000-0000-0000-0000-000000000000'))
where active;

create table studio.holds (
    id uuid primary key default gen_random_uuid(),
    generation_id uuid not null references studio.generations (id),
    person_id uuid not null,
    team_id uuid not null,
    campaign_id uuid,
    amount_usd numeric(14, 6) not null check (amount_usd >= 0),
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    released_at timestamptz,
    release_reason text,
    constraint release_has_reason check ((released_at is null) = (release_reason is null))
);
create unique index holds_one_open on studio.holds (generation_id) where released_at is null;
create index holds_open_person on studio.holds (person_id) where released_at is null;
create index holds_open_team on studio.holds (team_id) where released_at is null;

create table studio.charges (
    id uuid primary key default gen_random_uuid(),
    generation_id uuid references studio.generations (id),
    person_id uuid,
    team_id uuid,
    campaign_id uuid,
    kind text not null default 'charge' check (kind in ('charge', 'adjustment')),
    amount_usd numeric(14, 6) not null check (amount_usd <> 'NaN'),
    billable_units numeric,
    verified boolean not null,
    note text,
    created_by uuid references studio.people (id),
    created_at timestamptz not null default clock_timestamp(),
    constraint charge_not_negative check (amount_usd >= 0 or kind = 'adjustment'),
    constraint charge_names_its_generation check (
        kind = 'adjustment'
        or (generation_id is not null and person_id is not null and team_id is not null))
);
comment on column studio.charges.generation_id is
    'Null: an adjustment of no generation; it counts in the scopes that its row names.';
comment on column studio.charges.created_by is 'Who made an adjustment; null: the studio.';
create unique index charges_one on studio.charges (generation_id) where kind = 'charge';
create index charges_generation on studio.charges (generation_id);
create index charges_person on studio.charges (person_id, created_at);
create index charges_team on studio.charges (team_id, created_at);
create index charges_campaign on studio.charges (campaign_id, created_at);
create index charges_created on studio.charges (created_at);

-- A finished generation gives its hold back in the same statement that finishes it.
create function studio.release_hold_at_end() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update studio.holds
    set released_at = clock_timestamp(), release_reason = new.status
    where generation_id = new.id and released_at is null;
    return null;
end
$$;

create trigger generations_release_hold
after update of status on studio.generations
for each row when (new.finished_at is not null and old.finished_at is null)
execute function studio.release_hold_at_end();

-- Checked at commit: the charge and the last status may be written in either order.
create function studio.completed_is_charged() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if not exists (
        select from studio.charges where generation_id = new.id and kind = 'charge'
    ) then
        raise exception 'generation % is completed without a charge', new.id
            using errcode = 'check_violation', constraint = 'completed_is_charged';
    end if;
    return null;
end
$$;

create constraint trigger generations_completed_is_charged
after update of status on studio.generations deferrable initially deferred
for each row when (new.status = 'completed')
execute function studio.completed_is_charged();

create function studio.hold_needs_unfinished() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if exists (
        select from studio.generations where id = new.generation_id and finished_at is not null
    ) then
        raise exception 'generation % is finished and can hold no money', new.generation_id
            using errcode = 'check_violation', constraint = 'hold_needs_unfinished';
    end if;
    return new;
end
$$;

create trigger holds_need_unfinished
before insert on studio.holds
for each row execute function studio.hold_needs_unfinished();
