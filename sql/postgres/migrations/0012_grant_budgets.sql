-- Budgets that people manage: who may set which, temporary grants, adjustments of charges, and an
-- append-only history of it all. People write through the functions below, never to the tables.

create table studio.budget_grants (
    id uuid primary key default gen_random_uuid(),
    budget_id uuid not null references studio.budgets (id) on delete cascade,
    amount_usd numeric(14, 6) not null check (amount_usd > 0 and amount_usd <> 'NaN'),
    starts_at timestamptz not null default now(),
    ends_at timestamptz not null check (isfinite(ends_at)),
    reason text not null check (trim(reason) <> ''),
    created_by uuid references studio.people (id),
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint grant_ends_after_start check (ends_at > starts_at)
);
create index budget_grants_budget on studio.budget_grants (budget_id, ends_at);
comment on table studio.budget_grants is 'Room beyond a budget''s limit, from starts_at to ends_at.';
comment on column studio.budget_grants.ended_at is 'Taken back before its end; null: not.';

create table studio.budget_changes (
    id bigint generated always as identity primary key,
    budget_id uuid not null references studio.budgets (id) on delete cascade,
    grant_id uuid,
    what text not null check (what in ('set', 'removed', 'granted', 'grant_ended')),
    changed_by uuid,
    changed_at timestamptz not null default clock_timestamp(),
    old_limit_usd numeric(14, 6),
    new_limit_usd numeric(14, 6),
    amount_usd numeric(14, 6),
    ends_at timestamptz,
    reason text
);
create index budget_changes_budget on studio.budget_changes (budget_id, id);
comment on column studio.budget_changes.changed_by is 'Null: the studio itself, from its settings.';
comment on column studio.budget_changes.amount_usd is 'Of a grant; ends_at and reason are its too.';

create function studio.note_budget_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into studio.budget_changes (budget_id, what, changed_by, old_limit_usd, new_limit_usd)
    values (
        new.id, case when new.active then 'set' else 'removed' end, auth.uid(),
        case when tg_op = 'UPDATE' then old.limit_usd end,
        case when new.active then new.limit_usd end);
    return null;
end
$$;

create trigger budgets_noted_when_set
after insert on studio.budgets
for each row execute function studio.note_budget_change();
create trigger budgets_noted_when_changed
after update on studio.budgets
for each row when (
    old.limit_usd is distinct from new.limit_usd or old.active is distinct from new.active)
execute function studio.note_budget_change();

create function studio.note_grant_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into studio.budget_changes (
        budget_id, grant_id, what, changed_by, amount_usd, ends_at, reason)
    values (
        new.budget_id, new.id, case when tg_op = 'INSERT' then 'granted' else 'grant_ended' end,
        auth.uid(), new.amount_usd, coalesce(new.ended_at, new.ends_at), new.reason);
    return null;
end
$$;

create trigger grants_noted
after insert or update on studio.budget_grants
for each row execute function studio.note_grant_change();

-- What a budget allows at a moment: its limit and every grant in force.
create function studio.budget_limit_usd(p_budget studio.budgets, p_at timestamptz)
returns numeric
language sql stable security definer set search_path = '' as $$
    select p_budget.limit_usd + coalesce(sum(g.amount_usd), 0)
    from studio.budget_grants as g
    where g.budget_id = p_budget.id and g.ends_at > p_at and g.starts_at <= p_at
        and (g.ended_at is null or g.ended_at > p_at)
$$;

-- A manager sets the budgets of their team, its campaigns and its people; an administrator all.
create function studio.may_set_budget(p_scope text, p_target uuid) returns boolean
language sql stable security definer set search_path = '' as $$
    select coalesce(case studio.my_role()
        when 'admin' then true
        when 'manager' then case p_scope
            when 'team' then p_target = studio.my_team()
            when 'campaign' then exists (
                select from studio.campaigns
                where id = p_target and team_id = studio.my_team())
            when 'person' then exists (
                select from studio.people
                where id = p_target and team_id = studio.my_team())
            else false end
        else false end, false)
$$;

-- Those whom a budget concerns see it, and those who may set it.
create function studio.sees_budget(p_budget studio.budgets) returns boolean
language sql stable security definer set search_path = '' as $$
    select coalesce(studio.my_role() is not null and (
        p_budget.scope = 'organisation'
        or p_budget.team_id = studio.my_team()
        or p_budget.person_id = auth.uid()
        or (p_budget.scope = 'person' and p_budget.person_id is null)
        or exists (
            select from studio.campaigns as c
            where c.id = p_budget.campaign_id and c.team_id = studio.my_team())
        or studio.may_set_budget(
            p_budget.scope,
            coalesce(p_budget.team_id, p_budget.campaign_id, p_budget.person_id))), false)
$$;

create policy concerned on studio.budgets for select to authenticated
using (studio.sees_budget(budgets));

alter table studio.budget_grants enable row level security;
create policy service on studio.budget_grants to service_role using (true) with check (true);
create policy of_visible on studio.budget_grants for select to authenticated using (
    exists (select from studio.budgets as b where b.id = budget_id));
alter table studio.budget_changes enable row level security;
create policy service on studio.budget_changes for select to service_role using (true);
-- What others were given, and why, is for those who manage money.
create policy of_managed on studio.budget_changes for select to authenticated using (
    (select studio.my_role()) in ('manager', 'admin')
    and exists (select from studio.budgets as b where b.id = budget_id));
grant select, insert, update on studio.budget_grants to service_role;
grant select on studio.budget_changes to service_role;
grant select on studio.budget_grants, studio.budget_changes to authenticated;

-- The active budget of this id, locked; nulls when there is none. Raises insufficient_privilege
-- for somebody who may not set it.
create function studio.budget_to_set(p_budget uuid) returns studio.budgets
language plpgsql security definer set search_path = '' as $$
declare
    v_budget studio.budgets;
begin
    select * into v_budget from studio.budgets where id = p_budget and active
    for no key update;
    if found and studio.acts_as_person() and not studio.may_set_budget(
        v_budget.scope, coalesce(v_budget.team_id, v_budget.campaign_id, v_budget.person_id))
    then
        raise exception 'not your budget' using errcode = 'insufficient_privilege';
    end if;
    return v_budget;
end
$$;

-- Sets the limit of a scope's budget, which is made when there is none; its id. `p_target` is the
-- team, campaign or person; null for the organisation, and for everybody's own daily budget.
create function studio.set_budget(
    p_scope text, p_target uuid, p_period text, p_kind text, p_limit_usd numeric
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    if studio.acts_as_person() and not studio.may_set_budget(p_scope, p_target) then
        raise exception 'not your budget' using errcode = 'insufficient_privilege';
    end if;
    insert into studio.budgets (
        scope, team_id, campaign_id, person_id, period, kind, limit_usd, created_by)
    values (
        p_scope,
        case p_scope when 'team' then p_target end,
        case p_scope when 'campaign' then p_target end,
        case p_scope when 'person' then p_target end,
        p_period, p_kind, p_limit_usd, auth.uid())
    on conflict (scope, period, kind, coalesce(team_id, campaign_id, person_id,
        '00000000-0000-0000-0000-000000000000')) where active
    do update set limit_usd = excluded.limit_usd
    returning id into v_id;
    return v_id;
end
$$;

-- False: it was removed already.
create function studio.remove_budget(p_budget uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v_budget studio.budgets := studio.budget_to_set(p_budget);
begin
    update studio.budgets set active = false where id = v_budget.id;
    return found;
end
$$;

-- The id of the grant; null: there is no such budget any more.
create function studio.grant_budget(
    p_budget uuid, p_amount_usd numeric, p_starts_at timestamptz, p_ends_at timestamptz,
    p_reason text
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_budget studio.budgets := studio.budget_to_set(p_budget);
    v_id uuid;
begin
    insert into studio.budget_grants (
        budget_id, amount_usd, starts_at, ends_at, reason, created_by)
    select v_budget.id, p_amount_usd, p_starts_at, p_ends_at, p_reason, auth.uid()
    where v_budget.id is not null
    returning id into v_id;
    return v_id;
end
$$;

-- False: it had ended already.
create function studio.end_grant(p_grant uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v_budget studio.budgets;
begin
    v_budget := studio.budget_to_set(
        (select budget_id from studio.budget_grants where id = p_grant));
    update studio.budget_grants set ended_at = clock_timestamp()
    where id = p_grant and budget_id = v_budget.id
        and ended_at is null and ends_at > clock_timestamp();
    return found;
end
$$;

-- Corrections of what was charged, each a row with a date of its own. What is taken back can be
-- spent again, so never more than was charged.
create function studio.check_adjustment() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_generation studio.generations;
    v_charged numeric;
begin
    if new.generation_id is null then
        -- Locked, as the generation below is, so that two can't each take the same dollar back.
        perform studio.lock_money(new.person_id, new.team_id, new.campaign_id);
        select s.amount_usd into v_charged
        from studio.money_scopes(new.person_id, new.team_id, new.campaign_id) as m
        left join studio.spent_usd as s
            on s.scope = m.scope and s.target_id = m.target_id and s.period = 'total'
        order by m.place desc
        limit 1;
    else
        select * into strict v_generation from studio.generations where id = new.generation_id
        for no key update;
        if v_generation.finished_at is null then
            raise exception 'generation % is not finished', new.generation_id
                using errcode = 'check_violation', constraint = 'adjustment_after_end';
        end if;
        select sum(c.amount_usd) into v_charged from studio.charges as c
        where c.generation_id = new.generation_id;
    end if;
    if new.amount_usd + coalesce(v_charged, 0) < 0 then
        raise exception 'more is taken back than was charged'
            using errcode = 'check_violation', constraint = 'adjustment_not_below_zero';
    end if;
    return new;
end
$$;

create trigger charges_adjust_within
before insert on studio.charges
for each row when (new.kind = 'adjustment') execute function studio.check_adjustment();

-- The id of the adjustment; null: there is no such generation. Whoever sets a team's budget
-- corrects what its generations cost.
create function studio.adjust_charge(p_generation uuid, p_amount_usd numeric, p_note text)
returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    if studio.acts_as_person() and not studio.may_set_budget(
        'team', (select team_id from studio.generations where id = p_generation))
    then
        raise exception 'not your generation' using errcode = 'insufficient_privilege';
    end if;
    insert into studio.charges (
        generation_id, person_id, team_id, campaign_id, kind, amount_usd, verified, note,
        created_by)
    select id, person_id, team_id, campaign_id, 'adjustment', p_amount_usd, true, p_note,
        auth.uid()
    from studio.generations where id = p_generation
    returning id into v_id;
    return v_id;
end
$$;

-- The id of an adjustment of a whole scope; null: there is no such target. It counts in the scope
-- and in those around it. `p_target` is null for the organisation only.
create function studio.adjust_scope(
    p_scope text, p_target uuid, p_amount_usd numeric, p_note text
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_id uuid;
begin
    if studio.acts_as_person() and not studio.may_set_budget(p_scope, p_target) then
        raise exception 'not your budget' using errcode = 'insufficient_privilege';
    end if;
    insert into studio.charges (
        person_id, team_id, campaign_id, kind, amount_usd, verified, note, created_by)
    select s.person_id, s.team_id, s.campaign_id, 'adjustment', p_amount_usd, true, p_note,
        auth.uid()
    from (
        select null::uuid as person_id, null::uuid as team_id, null::uuid as campaign_id
        where p_scope = 'organisation'
        union all
        select null, t.id, null from studio.teams as t where p_scope = 'team' and t.id = p_target
        union all
        select null, c.team_id, c.id from studio.campaigns as c
        where p_scope = 'campaign' and c.id = p_target
        union all
        select p.id, p.team_id, null from studio.people as p
        where p_scope = 'person' and p.id = p_target
    ) as s
    returning id into v_id;
    return v_id;
end
$$;

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function
studio.sees_budget(studio.budgets),
studio.set_budget(text, uuid, text, text, numeric),
studio.remove_budget(uuid),
studio.grant_budget(uuid, numeric, timestamptz, timestamptz, text),
studio.end_grant(uuid),
studio.adjust_charge(uuid, numeric, text),
studio.adjust_scope(text, uuid, numeric, text) to authenticated;
