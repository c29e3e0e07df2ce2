-- Running sums of what is held and spent, so that admission reads a few rows however long the
-- history is. They are derived: the triggers below are their only writers, and
-- studio.recount_money() makes them anew from holds and charges.

create table studio.held_usd (
    scope text not null,
    target_id uuid not null,
    amount_usd numeric(16, 6) not null check (amount_usd >= 0),
    primary key (scope, target_id)
) with (fillfactor = 50);
comment on table studio.held_usd is
    'Open holds by scope; target_id is all zeros for the organisation. Whoever counts money locks '
    'its rows first, so they are the lock of spent_usd too.';

create table studio.spent_usd (
    scope text not null,
    target_id uuid not null,
    period text not null,
    window_start timestamptz not null,
    amount_usd numeric(16, 6) not null,
    primary key (scope, target_id, period, window_start)
) with (fillfactor = 50);
comment on table studio.spent_usd is
    'Charges by scope and window in the company''s time zone. Below zero where more was taken back '
    'in a window than charged in it.';

alter table studio.held_usd enable row level security;
create policy service on studio.held_usd for select to service_role using (true);
alter table studio.spent_usd enable row level security;
create policy service on studio.spent_usd for select to service_role using (true);
grant select on studio.held_usd, studio.spent_usd to service_role;

-- The scopes that one generation's money counts in, always in this order: whoever locks rows of
-- the two tables above locks them in it.
create function studio.money_scopes(p_person uuid, p_team uuid, p_campaign uuid)
returns table (place integer, scope text, target_id uuid)
language sql immutable set search_path = '' as $$
    select s.place, s.scope, s.target_id
    from (values
        (1, 'organisation', '00000000-0000-0000-0000-000000000000'::uuid),
        (2, 'team', p_team),
        (3, 'campaign', p_campaign),
        (4, 'person', p_person)
    ) as s (place, scope, target_id)
    where s.target_id is not null
    order by s.place
$$;

-- Nobody else counts money of these scopes until the transaction ends.
create function studio.lock_money(p_person uuid, p_team uuid, p_campaign uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_scope record;
begin
    for v_scope in select * from studio.money_scopes(p_person, p_team, p_campaign) loop
        insert into studio.held_usd (scope, target_id, amount_usd)
        values (v_scope.scope, v_scope.target_id, 0)
        on conflict (scope, target_id) do nothing;
        perform from studio.held_usd as h
        where h.scope = v_scope.scope and h.target_id = v_scope.target_id
        for no key update;
    end loop;
end
$$;

create function studio.add_held(
    p_person uuid, p_team uuid, p_campaign uuid, p_change_usd numeric
) returns void
language plpgsql security definer set search_path = '' as $$
begin
    perform studio.lock_money(p_person, p_team, p_campaign);
    update studio.held_usd as h set amount_usd = h.amount_usd + p_change_usd
    from studio.money_scopes(p_person, p_team, p_campaign) as s
    where h.scope = s.scope and h.target_id = s.target_id;
end
$$;

create function studio.add_spent(
    p_person uuid, p_team uuid, p_campaign uuid, p_at timestamptz, p_change_usd numeric
) returns void
language plpgsql security definer set search_path = '' as $$
begin
    perform studio.lock_money(p_person, p_team, p_campaign);
    insert into studio.spent_usd as s (scope, target_id, period, window_start, amount_usd)
    select m.scope, m.target_id, p.period, studio.period_start(p.period, p_at), p_change_usd
    from studio.money_scopes(p_person, p_team, p_campaign) as m
    cross join (values ('day'), ('month'), ('total')) as p (period)
    on conflict (scope, target_id, period, window_start)
    do update set amount_usd = s.amount_usd + excluded.amount_usd;
end
$$;

create function studio.count_hold() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op <> 'DELETE' and new.released_at is null then
        perform studio.add_held(new.person_id, new.team_id, new.campaign_id, new.amount_usd);
    end if;
    if tg_op <> 'INSERT' and old.released_at is null then
        perform studio.add_held(old.person_id, old.team_id, old.campaign_id, -old.amount_usd);
    end if;
    return null;
end
$$;

create trigger holds_counted
after insert or update or delete on studio.holds
for each row execute function studio.count_hold();

create function studio.count_charge() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op <> 'DELETE' then
        perform studio.add_spent(
            new.person_id, new.team_id, new.campaign_id, new.created_at, new.amount_usd);
    end if;
    if tg_op <> 'INSERT' then
        perform studio.add_spent(
            old.person_id, old.team_id, old.campaign_id, old.created_at, -old.amount_usd);
    end if;
    return null;
end
$$;

create trigger charges_counted
after insert or update or delete on studio.charges
for each row execute function studio.count_charge();

-- The same sums, from the rows themselves.
create function studio.sum_holds()
returns table (scope text, target_id uuid, amount_usd numeric)
language sql stable security definer set search_path = '' as $$
    select s.scope, s.target_id, sum(h.amount_usd)
    from studio.holds as h
    cross join lateral studio.money_scopes(h.person_id, h.team_id, h.campaign_id) as s
    where h.released_at is null
    group by s.scope, s.target_id
$$;

create function studio.sum_charges()
returns table (
    scope text, target_id uuid, period text, window_start timestamptz, amount_usd numeric
)
language sql stable security definer set search_path = '' as $$
    select s.scope, s.target_id, p.period, w.window_start, sum(c.amount_usd)
    from studio.charges as c
    cross join lateral studio.money_scopes(c.person_id, c.team_id, c.campaign_id) as s
    cross join (values ('day'), ('month'), ('total')) as p (period)
    cross join lateral (select studio.period_start(p.period, c.created_at)) as w (window_start)
    group by s.scope, s.target_id, p.period, w.window_start
$$;

-- Makes the running sums anew. Admissions and charges wait meanwhile.
create function studio.recount_money() returns void
language plpgsql security definer set search_path = '' as $$
begin
    -- In the order in which the triggers come to them. A counter's row is never deleted, because
    -- somebody may be waiting for it.
    lock table studio.held_usd in exclusive mode;
    lock table studio.spent_usd in exclusive mode;
    update studio.held_usd set amount_usd = 0 where amount_usd <> 0;
    insert into studio.held_usd (scope, target_id, amount_usd)
    select s.scope, s.target_id, s.amount_usd from studio.sum_holds() as s
    on conflict (scope, target_id) do update set amount_usd = excluded.amount_usd;
    update studio.spent_usd set amount_usd = 0 where amount_usd <> 0;
    insert into studio.spent_usd (scope, target_id, period, window_start, amount_usd)
    select s.scope, s.target_id, s.period, s.window_start, s.amount_usd
    from studio.sum_charges() as s
    on conflict (scope, target_id, period, window_start)
    do update set amount_usd = excluded.amount_usd;
end
$$;

create function studio.recount_in_new_zone() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform studio.recount_money();
    return null;
end
$$;

-- Days and months begin elsewhere now.
create trigger organisation_recounts
after update of time_zone on studio.organisation
for each row when (old.time_zone is distinct from new.time_zone)
execute function studio.recount_in_new_zone();

-- USD held for and spent by one target in the window of `p_period` at `p_at`; one row,
-- zeros when nothing was counted.
create function studio.money_of(p_scope text, p_target uuid, p_period text, p_at timestamptz)
returns table (held_usd numeric, spent_usd numeric)
language sql stable security definer set search_path = '' as $$
    select
        coalesce((
            select h.amount_usd from studio.held_usd as h
            where h.scope = p_scope and h.target_id = t.id), 0),
        coalesce((
            select s.amount_usd from studio.spent_usd as s
            where s.scope = p_scope and s.target_id = t.id and s.period = p_period
                and s.window_start = studio.period_start(p_period, p_at)), 0)
    from (select coalesce(p_target, '00000000-0000-0000-0000-000000000000')) as t (id)
$$;

-- Whose money a budget counts, for a generation of this person. Null: the organisation's.
create function studio.budget_target(p_budget studio.budgets, p_person uuid) returns uuid
language sql immutable set search_path = '' as $$
    select case p_budget.scope
        when 'team' then p_budget.team_id
        when 'campaign' then p_budget.campaign_id
        when 'person' then coalesce(p_person, p_budget.person_id)
    end
$$;

-- USD used of a budget in its present window: what was charged in it, and every open hold.
create or replace function studio.budget_used_usd(p_budget studio.budgets, p_person uuid)
returns numeric
language sql stable security definer set search_path = '' as $$
    select m.held_usd + m.spent_usd
    from studio.money_of(
        p_budget.scope, studio.budget_target(p_budget, p_person), p_budget.period,
        statement_timestamp()) as m
$$;

-- Found by target, so that the budgets of others cost nothing.
create or replace function studio.matching_budgets(p_person uuid, p_team uuid, p_campaign uuid)
returns setof studio.budgets
language sql stable security definer set search_path = '' as $$
    select b.*
    from studio.money_scopes(p_person, p_team, p_campaign) as s
    inner join studio.budgets as b on b.active and b.scope = s.scope
        and coalesce(b.team_id, b.campaign_id, b.person_id,
            '00000000-0000-0000-0000-000000000000')
            in (s.target_id, '00000000-0000-0000-0000-000000000000')
    where b.scope <> 'person' or b.person_id is not null or not exists (
        select from studio.budgets as own
        where own.active and own.scope = 'person' and own.person_id = p_person
            and own.period = b.period and own.kind = b.kind
            and coalesce(own.team_id, own.campaign_id, own.person_id,
                '00000000-0000-0000-0000-000000000000') = p_person)
    order by s.place, b.id
$$;

-- Sets `p_amount_usd` aside for a generation until `p_expires_at` and returns the hold's id.
-- The amount is at least the estimate and at most twice as much. Raises a violation of
-- hold_covers_estimate, or of budget_has_room with the refusing budget as JSON in its detail.
create or replace function studio.place_hold(
    p_generation uuid, p_amount_usd numeric, p_expires_at timestamptz
) returns uuid
language plpgsql security definer set search_path = '' as $$
declare
    v_generation studio.generations;
    v_budget record;
    v_now timestamptz;
    v_hold uuid;
begin
    -- Locked, so that it can't end before its hold is there to be released.
    select * into strict v_generation from studio.generations where id = p_generation
    for no key update;
    if studio.acts_as_person() and v_generation.person_id is distinct from auth.uid() then
        raise exception 'not your generation' using errcode = 'insufficient_privilege';
    end if;
    if p_amount_usd not between v_generation.estimate_usd and 2 * v_generation.estimate_usd then
        raise exception 'a hold of % for an estimate of %', p_amount_usd, v_generation.estimate_usd
            using errcode = 'check_violation', constraint = 'hold_covers_estimate';
    end if;
    perform studio.lock_money(
        v_generation.person_id, v_generation.team_id, v_generation.campaign_id);
    -- Not now(): whoever waited for the lock over midnight spends of the new day.
    v_now := clock_timestamp();
    -- A statement of its own, so that it sees what those did who had the lock before.
    for v_budget in
        select
            b.id, b.scope, b.period, l.limit_usd,
            l.limit_usd - m.held_usd - m.spent_usd as free_usd
        from studio.matching_budgets(
            v_generation.person_id, v_generation.team_id, v_generation.campaign_id) as b
        cross join lateral studio.money_of(
            b.scope, studio.budget_target(b, v_generation.person_id), b.period, v_now) as m
        cross join lateral (select studio.budget_limit_usd(b, v_now)) as l (limit_usd)
        where b.kind = 'hard'
    loop
        if p_amount_usd > v_budget.free_usd then
            raise exception 'budget % has no room', v_budget.id using
                errcode = 'check_violation', constraint = 'budget_has_room',
                detail = jsonb_build_object(
                    'scope', v_budget.scope, 'period', v_budget.period,
                    'limit_usd', v_budget.limit_usd::text,
                    'free_usd', greatest(v_budget.free_usd, 0)::text,
                    'resets_at', nullif(
                        studio.period_end(v_budget.period, v_now), 'infinity'))::text;
        end if;
    end loop;
    insert into studio.holds (generation_id, person_id, team_id, campaign_id, amount_usd, expires_at)
    values (p_generation, v_generation.person_id, v_generation.team_id, v_generation.campaign_id,
        p_amount_usd, p_expires_at)
    returning id into v_hold;
    return v_hold;
end
$$;

-- What each hard budget leaves the person who asks, for a generation in this campaign of their team.
create or replace function studio.my_room(p_campaign uuid) returns table (
    scope text, period text, limit_usd numeric, free_usd numeric, resets_at timestamptz
)
language sql stable security definer set search_path = '' as $$
    select
        b.scope, b.period, l.limit_usd,
        greatest(l.limit_usd - studio.budget_used_usd(b, p.id), 0),
        nullif(studio.period_end(b.period, statement_timestamp()), 'infinity')
    from studio.people as p
    left join studio.campaigns as c on c.id = p_campaign and c.team_id = p.team_id
    cross join lateral studio.matching_budgets(p.id, p.team_id, c.id) as b
    cross join lateral (
        select studio.budget_limit_usd(b, statement_timestamp())) as l (limit_usd)
    where p.id = auth.uid() and p.active and b.kind = 'hard'
$$;

-- Every budget that the person who asks may see, with what is spent and held of it now. Everybody's
-- own daily budget is one row without a target, and one for each person they manage who used it.
create function studio.my_budgets() returns table (
    id uuid, scope text, period text, kind text, target_id uuid, target_name text,
    base_usd numeric, limit_usd numeric, spent_usd numeric, held_usd numeric,
    resets_at timestamptz, is_default boolean, may_set boolean
)
language sql stable security definer set search_path = '' as $$
    with seen as (
        select b as budget, b.id, b.scope, b.period, b.kind,
            coalesce(b.team_id, b.campaign_id, b.person_id) as target_id,
            b.scope = 'person' and b.person_id is null as is_default
        from studio.budgets as b
        where b.active and studio.sees_budget(b)
    ),

    targets as (
        select s.*, null::uuid as user_id from seen as s
        union all
        select s.*, p.id
        from seen as s
        cross join studio.people as p
        where s.is_default and p.active
            and (p.id = auth.uid() or studio.may_set_budget('person', p.id))
            and exists (
                select from studio.matching_budgets(p.id, p.team_id, null) as m
                where m.id = s.id)
    )

    select
        t.id, t.scope, t.period, t.kind, coalesce(t.user_id, t.target_id),
        coalesce(
            team.name, person.name,
            campaign.name || case when studio.my_role() = 'admin'
                then ' (' || campaign_team.name || ')' else '' end),
        (t.budget).limit_usd, studio.budget_limit_usd(t.budget, statement_timestamp()),
        case when t.is_default and t.user_id is null then 0 else m.spent_usd end,
        case when t.is_default and t.user_id is null then 0 else m.held_usd end,
        nullif(studio.period_end(t.period, statement_timestamp()), 'infinity'),
        t.is_default,
        studio.may_set_budget(t.scope, t.target_id)
    from targets as t
    cross join lateral studio.money_of(
        t.scope, coalesce(t.user_id, t.target_id), t.period, statement_timestamp()) as m
    left join studio.teams as team on t.scope = 'team' and team.id = t.target_id
    left join studio.campaigns as campaign
        on t.scope = 'campaign' and campaign.id = t.target_id
    left join studio.teams as campaign_team on campaign_team.id = campaign.team_id
    left join studio.people as person
        on t.scope = 'person' and person.id = coalesce(t.user_id, t.target_id)
    where t.user_id is null or m.spent_usd + m.held_usd > 0
$$;

select studio.recount_money();

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function studio.my_budgets() to authenticated;
