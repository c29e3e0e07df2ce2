-- The analysts' workbench: queries that are kept, every version of them, and a row for each run.

-- Who has the workbench.
create function studio.asks_questions() returns boolean
language sql stable security definer set search_path = '' as $$
    select coalesce(studio.my_role() in ('analyst', 'manager', 'admin'), false)
$$;

create table studio.saved_queries (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references studio.people (id),
    team_id uuid not null references studio.teams (id),
    name text not null check (name = trim(name) and length(name) between 1 and 80),
    shared_with text not null default 'nobody'
        check (shared_with in ('nobody', 'team', 'company')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index saved_queries_name on studio.saved_queries (person_id, lower(name));
create index saved_queries_shared on studio.saved_queries (team_id)
where shared_with <> 'nobody';
comment on column studio.saved_queries.shared_with is
    'Who else finds it. Whoever runs it sees their own rows by it, never its owner''s.';

-- Append-only: the last version of a query is what it says now.
create table studio.saved_query_versions (
    query_id uuid not null references studio.saved_queries (id) on delete cascade,
    version integer not null check (version > 0),
    sql text not null check (length(sql) between 1 and 100000),
    chart jsonb not null default '{}' check (jsonb_typeof(chart) = 'object'),
    at timestamptz not null default clock_timestamp(),
    primary key (query_id, version)
);

create table studio.query_runs (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references studio.people (id),
    team_id uuid not null references studio.teams (id),
    sql text not null check (length(sql) <= 100000),
    parameters jsonb not null default '{}' check (jsonb_typeof(parameters) = 'object'),
    demo boolean not null default false,
    began_at timestamptz not null default clock_timestamp(),
    outcome text check (outcome in (
        'answered', 'refused', 'failed', 'too_long', 'too_large', 'stopped', 'crashed', 'busy')),
    seconds numeric(10, 3) check (seconds >= 0),
    row_count integer check (row_count >= 0),
    constraint ended_with_seconds check ((outcome is null) = (seconds is null))
);
create index query_runs_person on studio.query_runs (person_id, began_at desc);
create index query_runs_began on studio.query_runs (began_at desc);
comment on table studio.query_runs is
    'The audit of the workbench, written by the studio itself: nobody can run and leave no row.';
comment on column studio.query_runs.outcome is
    'Null: it runs, or the dashboard ended while it ran.';

do $$
declare
    v_table text;
begin
    foreach v_table in array array['saved_queries', 'saved_query_versions', 'query_runs']
    loop
        execute format('alter table studio.%I enable row level security', v_table);
        execute format(
            'create policy service on studio.%I to service_role using (true) with check (true)',
            v_table);
        execute format('grant select, insert, update, delete on studio.%I to service_role',
            v_table);
        execute format('grant select on studio.%I to authenticated', v_table);
    end loop;
end
$$;
-- What was asked stays asked; only how it ended is added.
revoke update, delete on studio.query_runs from service_role;
grant update (outcome, seconds, row_count) on studio.query_runs to service_role;
revoke update, delete on studio.saved_query_versions from service_role;

grant insert, delete on studio.saved_queries to authenticated;
grant update (name, shared_with, updated_at) on studio.saved_queries to authenticated;
grant insert (query_id, version, sql, chart) on studio.saved_query_versions to authenticated;

create policy own_or_shared on studio.saved_queries for select to authenticated using (
    (select studio.asks_questions()) and (
        person_id = (select auth.uid())
        or shared_with = 'company'
        or (shared_with = 'team' and (
            team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin'))));
create policy own_adds on studio.saved_queries for insert to authenticated with check (
    person_id = (select auth.uid()) and team_id = (select studio.my_team())
    and (select studio.asks_questions()));
create policy own_changes on studio.saved_queries for update to authenticated
using (person_id = (select auth.uid()) and (select studio.asks_questions()))
with check (person_id = (select auth.uid()) and team_id = (select studio.my_team()));
create policy own_or_administered_removes on studio.saved_queries for delete to authenticated
using (person_id = (select auth.uid())
    or (shared_with <> 'nobody' and (select studio.my_role()) = 'admin'));

create policy of_visible on studio.saved_query_versions for select to authenticated using (
    exists (select from studio.saved_queries as q where q.id = query_id));
create policy of_own on studio.saved_query_versions for insert to authenticated with check (
    exists (
        select from studio.saved_queries as q
        where q.id = query_id and q.person_id = (select auth.uid())));

create policy own_or_administered on studio.query_runs for select to authenticated using (
    person_id = (select auth.uid()) or (select studio.my_role()) = 'admin');

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function studio.asks_questions() to authenticated;
