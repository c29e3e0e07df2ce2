-- Alerts: what somebody should know without looking, once each, and who was told.

create table studio.alerts (
    id uuid primary key default gen_random_uuid(),
    kind text not null check (kind in (
        'soft_limit', 'hard_limit', 'account_locked', 'unknown_outcomes', 'unverified_charges',
        'stuck_queue', 'disk_low')),
    subject text not null default '',
    scope text not null check (scope in ('studio', 'organisation', 'team', 'campaign', 'person')),
    team_id uuid references studio.teams (id),
    person_id uuid references studio.people (id),
    severity text not null check (severity in ('warning', 'critical')),
    title text not null,
    happened text not null,
    cost text not null,
    todo text not null,
    times_seen integer not null check (times_seen >= 1),
    opened_at timestamptz not null default clock_timestamp(),
    last_seen_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    constraint concerns_somebody check (
        (scope in ('team', 'campaign', 'person')) = (team_id is not null)
        and (scope = 'person') = (person_id is not null))
);
comment on table studio.alerts is 'Something to know: open until resolved_at.';
comment on column studio.alerts.subject is
    'What it is about within its kind: a budget, a queue. Empty: the studio as a whole.';
comment on column studio.alerts.times_seen is
    'Most things behind it at once: refusals, generations, charges; 1 for what is or is not.';
comment on column studio.alerts.last_seen_at is 'When its rule last found it.';

-- One open alert for one thing, however often and by whomever it is found.
create unique index alerts_one_open on studio.alerts (kind, subject) where resolved_at is null;
create index alerts_resolved on studio.alerts (resolved_at desc) where resolved_at is not null;

create table studio.alert_deliveries (
    alert_id uuid not null references studio.alerts (id) on delete cascade,
    receiver text not null,
    told text check (told in ('opened', 'resolved')),
    told_at timestamptz,
    tries smallint not null default 0 check (tries >= 0),
    next_try_at timestamptz,
    problem text,
    primary key (alert_id, receiver),
    constraint told_has_time check ((told is null) = (told_at is null)),
    constraint failed_has_problem check ((tries = 0) = (problem is null))
);
comment on table studio.alert_deliveries is
    'What each receiver was told of an alert. A receiver is the name of a service, never an '
    'address.';
comment on column studio.alert_deliveries.told is 'The last message it took; null: none yet.';
comment on column studio.alert_deliveries.tries is 'Failures in a row of the message that is due.';

-- Refused admissions leave nothing else behind: their transaction was rolled back. One row for a
-- budget and a person, so that asking again and again costs no space.
create table studio.budget_refusals (
    budget_id uuid not null references studio.budgets (id) on delete cascade,
    person_id uuid not null references studio.people (id),
    times integer not null default 1 check (times >= 1),
    asked_usd numeric(14, 6) not null check (asked_usd >= 0 and asked_usd <> 'NaN'),
    last_at timestamptz not null default clock_timestamp(),
    primary key (budget_id, person_id)
);
create index budget_refusals_last on studio.budget_refusals (last_at);
comment on column studio.budget_refusals.times is 'In the budget''s window that last_at is in.';

alter table studio.alerts enable row level security;
alter table studio.alert_deliveries enable row level security;
alter table studio.budget_refusals enable row level security;
create policy service on studio.alerts to service_role using (true) with check (true);
create policy service on studio.alert_deliveries to service_role using (true) with check (true);
create policy service on studio.budget_refusals for select to service_role using (true);
-- Administrators see all, managers the budgets of their team, its campaigns and people, everybody
-- their own.
create policy concerned on studio.alerts for select to authenticated using (
    (select studio.my_role()) = 'admin'
    or ((select studio.my_role()) = 'manager' and team_id = (select studio.my_team()))
    or (person_id = (select auth.uid()) and (select studio.my_role()) is not null));
create policy of_visible on studio.alert_deliveries for select to authenticated using (
    exists (select from studio.alerts as a where a.id = alert_id));
grant select, insert, update on studio.alerts, studio.alert_deliveries to service_role;
grant select on studio.budget_refusals to service_role;
grant select on studio.alerts, studio.alert_deliveries to authenticated;

-- Notes that a hard budget had no room for what the person who asks wanted. Nobody can note a
-- refusal of another, or by a budget that does not concern them.
create function studio.note_refusal(
    p_campaign uuid, p_scope text, p_period text, p_asked_usd numeric
) returns void
language sql security definer set search_path = '' as $$
    insert into studio.budget_refusals as r (budget_id, person_id, asked_usd)
    select b.id, p.id, p_asked_usd
    from studio.people as p
    left join studio.campaigns as c on c.id = p_campaign and c.team_id = p.team_id
    cross join lateral studio.matching_budgets(p.id, p.team_id, c.id) as b
    where p.id = auth.uid() and p.active
        and b.kind = 'hard' and b.scope = p_scope and b.period = p_period
    on conflict (budget_id, person_id) do update set
        times = case
            when r.last_at < studio.period_start(p_period, clock_timestamp()) then 1
            else r.times + 1 end,
        asked_usd = excluded.asked_usd, last_at = excluded.last_at
$$;

-- A budget as it stands now; for everybody's own daily budget, as it stands for one person. No row
-- when it does not concern that person, because they have one of their own.
create function studio.budget_standing(p_budget studio.budgets, p_person uuid) returns table (
    target_name text, team_id uuid, person_id uuid, limit_usd numeric, used_usd numeric,
    resets_at timestamptz
)
language sql stable security definer set search_path = '' as $$
    select
        coalesce(t.name, c.name, p.name, o.name), coalesce(t.id, c.team_id, p.team_id), p.id,
        studio.budget_limit_usd(p_budget, statement_timestamp()), m.held_usd + m.spent_usd,
        nullif(studio.period_end(p_budget.period, statement_timestamp()), 'infinity')
    from studio.organisation as o
    left join studio.teams as t on t.id = p_budget.team_id
    left join studio.campaigns as c on c.id = p_budget.campaign_id
    left join studio.people as p
        on p_budget.scope = 'person' and p.id = coalesce(p_budget.person_id, p_person)
    cross join lateral studio.money_of(
        p_budget.scope, studio.budget_target(p_budget, p.id), p_budget.period,
        statement_timestamp()) as m
    where p_budget.scope <> 'person' or p_budget.person_id is not null or (
        p.active and not exists (
            select from studio.budgets as own
            where own.active and own.scope = 'person' and own.person_id = p.id
                and own.period = p_budget.period and own.kind = p_budget.kind))
$$;

-- When the watcher last gave a sign of life; null: it is not known. "All quiet" means nothing
-- while nobody looks.
create function studio.watcher_seen_at() returns timestamptz
language sql stable security definer set search_path = '' as $$
    select max(beat_at) from studio.processes
    where kind = 'watcher' and coalesce(studio.my_role(), '') in ('manager', 'admin')
$$;

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function
studio.note_refusal(uuid, text, text, numeric), studio.watcher_seen_at() to authenticated;
