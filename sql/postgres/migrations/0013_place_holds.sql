-- The one way money is set aside: lock what every matching budget counts, in a fixed order, check
-- each, insert. And what people may know of the room that is left.

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
create function studio.budget_used_usd(p_budget studio.budgets, p_person uuid)
returns numeric
language sql stable security definer set search_path = '' as $$
    select m.held_usd + m.spent_usd
    from studio.money_of(
        p_budget.scope, studio.budget_target(p_budget, p_person), p_budget.period,
        statement_timestamp()) as m
$$;

-- Budgets that a generation of this person, team and campaign has to pass. Found by target, so
-- that the budgets of others cost nothing.
create function studio.matching_budgets(p_person uuid, p_team uuid, p_campaign uuid)
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
create function studio.place_hold(
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
create function studio.my_room(p_campaign uuid) returns table (
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

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function
studio.place_hold(uuid, numeric, timestamptz), studio.my_room(uuid), studio.my_budgets()
to authenticated;
