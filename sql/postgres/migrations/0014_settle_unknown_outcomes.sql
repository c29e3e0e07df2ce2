-- Submits whose answer was lost: what the watcher saw of each in fal's history, and what people
-- decide about it. A decision is written by a person under their own rights and carried out by the
-- studio, at once or when its time has come; the row is the record of who, when, what and why.

alter table studio.attempts add column looked_at timestamptz;
alter table studio.attempts add column look_count integer not null default 0;
alter table studio.attempts add column look_problem text;
alter table studio.attempts add column found_ids text [] not null default '{}';
comment on column studio.attempts.looked_at is
    'When fal''s history was last searched for this submit; null: never.';
comment on column studio.attempts.look_problem is 'Why the last search failed; null: it did not.';
comment on column studio.attempts.found_ids is
    'Ids of every request in fal''s history that carried this attempt''s marker.';

create table studio.outcome_decisions (
    id uuid primary key default gen_random_uuid(),
    generation_id uuid not null references studio.generations (id),
    attempt_id uuid not null references studio.attempts (id),
    what text not null check (what in ('adopted', 'not_submitted', 'resubmitted')),
    request_id text,
    new_generation_id uuid references studio.generations (id),
    reason text not null check (trim(reason) <> '' and length(reason) <= 500),
    confirmed boolean not null default false,
    chargeable_until timestamptz not null check (isfinite(chargeable_until)),
    decided_by uuid not null references studio.people (id),
    decided_at timestamptz not null default clock_timestamp(),
    state text not null default 'open' check (state in ('open', 'done', 'overtaken')),
    settled_at timestamptz,
    constraint adopted_names_request check ((what = 'adopted') = (request_id is not null)),
    constraint resubmitted_names_new check (
        (what = 'resubmitted') = (new_generation_id is not null)),
    constraint early_needs_confirmation check (
        what <> 'not_submitted' or confirmed or decided_at >= chargeable_until),
    constraint resubmitted_is_confirmed check (what <> 'resubmitted' or confirmed),
    constraint settled_has_time check ((state = 'open') = (settled_at is null))
);
comment on table studio.outcome_decisions is
    'What a person decided about a submit whose answer was lost. Only state and settled_at change.';
comment on column studio.outcome_decisions.chargeable_until is
    'Until then fal may still start, finish and bill the request; the hold stays as long.';
comment on column studio.outcome_decisions.state is
    'Overtaken: the outcome became known before the decision was carried out.';
create index outcome_decisions_generation on studio.outcome_decisions (generation_id, decided_at);
create index outcome_decisions_open on studio.outcome_decisions (decided_at) where state = 'open';
-- Of two people who decide at once one is heard. A second submit leaves the first one's outcome
-- open, so what became of that can still be decided.
create unique index outcome_decisions_one on studio.outcome_decisions (attempt_id)
where what <> 'resubmitted' and state <> 'overtaken';
create unique index outcome_decisions_one_resubmit on studio.outcome_decisions (attempt_id)
where what = 'resubmitted';

-- Held until the decision is written, so that an answer that comes now waits and finds it there.
create function studio.check_outcome_is_open() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform from studio.attempts as a
    inner join studio.generations as g on g.id = a.generation_id
    where a.id = new.attempt_id and a.generation_id = new.generation_id
        and a.state = 'unknown' and g.status in ('unknown', 'canceling')
    for no key update of a;
    if not found then
        raise exception 'the outcome of attempt % is not open', new.attempt_id
            using errcode = 'check_violation', constraint = 'outcome_is_open';
    end if;
    return new;
end
$$;

create trigger outcome_decisions_check_open
before insert on studio.outcome_decisions
for each row execute function studio.check_outcome_is_open();

alter table studio.outcome_decisions enable row level security;
create policy service on studio.outcome_decisions to service_role using (true) with check (true);
create policy of_visible on studio.outcome_decisions for select to authenticated using (
    exists (select from studio.generations as g where g.id = generation_id));
-- Whoever sees a generation is its person, their manager or an administrator: those decide.
create policy own_or_managed on studio.outcome_decisions for insert to authenticated with check (
    decided_by = (select auth.uid())
    and (select studio.my_role()) is not null
    and exists (
        select from studio.attempts as a
        where a.id = attempt_id and a.generation_id = outcome_decisions.generation_id));
grant select on studio.outcome_decisions to authenticated, service_role;
grant update (state, settled_at) on studio.outcome_decisions to service_role;
grant insert (
    generation_id, attempt_id, what, request_id, new_generation_id, reason, confirmed,
    chargeable_until, decided_by)
on studio.outcome_decisions to authenticated;

revoke execute on function studio.check_outcome_is_open() from public;
grant execute on function studio.check_outcome_is_open() to service_role;
