-- The one way money is set aside: lock every matching budget in a fixed order, check each, insert.

create function studio.period_start(p_period text, p_at timestamptz) returns timestamptz
language sql stable set search_path = '' as $$
    select case p_period
        when 'total' then '-infinity'::timestamptz
        else date_trunc(p_period, p_at at time zone o.time_zone) at time zone o.time_zone
    end
    from studio.organisation as o
$$;

create function studio.period_end(p_period text, p_at timestamptz) returns timestamptz
language sql stable set search_path = '' as $$
    select case p_period
        when 'total' then 'infinity'::timestamptz
        else (date_trunc(p_period, p_at at time zone o.time_zone)
            + ('1 ' || p_period)::interval) at time zone o.time_zone
    end
    from studio.organisation as o
$$;

-- Budgets that a generation of this person, team and campaign has to pass.
create function studio.matching_budgets(p_person uuid, p_team uuid, p_campaign uuid)
returns setof studio.budgets
language sql stable security definer set search_path = '' as $$
    select b.* from studio.budgets as b
    where b.active and (
        b.scope = 'organisation'
        or (b.scope = 'team' and b.team_id = p_team)
        or (b.scope = 'campaign' and b.campaign_id = p_campaign)
        or (b.scope = 'person' and b.person_id = p_person)
        or (b.scope = 'person' and b.person_id is null and not exists (
            select from studio.budgets as own
            where own.active and own.scope = 'person' and own.person_id = p_person
                and own.period = b.period and own.kind = b.kind)))
$$;

-- USD used of a budget in its present window: what was charged in it, and every open hold.
create function studio.budget_used_usd(p_budget studio.budgets, p_person uuid)
returns numeric
language sql stable security definer set search_path = '' as $$
    select coalesce((
        select sum(c.amount_usd) from studio.charges as c
        where c.created_at >= studio.period_start(p_budget.period, now())
            and case p_budget.scope
                when 'team' then c.team_id = p_budget.team_id
                when 'campaign' then c.campaign_id = p_budget.campaign_id
                when 'person' then c.person_id = p_person
                else true end), 0)
        + coalesce((
        select sum(h.amount_usd) from studio.holds as h
        where h.released_at is null
            and case p_budget.scope
                when 'team' then h.team_id = p_budget.team_id
                when 'campaign' then h.campaign_id = p_budget.campaign_id
                when 'person' then h.person_id = p_person
                else true end), 0)
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
    v_budget studio.budgets;
    v_used numeric;
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
    perform from studio.budgets as b
    where b.id in (
        select m.id from studio.matching_budgets(
            v_generation.person_id, v_generation.team_id, v_generation.campaign_id) as m)
    order by b.id
    for no key update;
    for v_budget in
        select * from studio.matching_budgets(
            v_generation.person_id, v_generation.team_id, v_generation.campaign_id)
        where kind = 'hard'
        order by id
    loop
        v_used := studio.budget_used_usd(v_budget, v_generation.person_id);
        if v_used + p_amount_usd > v_budget.limit_usd then
            raise exception 'budget % has no room', v_budget.id using
                errcode = 'check_violation', constraint = 'budget_has_room',
                detail = jsonb_build_object(
                    'scope', v_budget.scope, 'period', v_budget.period,
                    'limit_usd', v_budget.limit_usd::text,
                    'free_usd', greatest(v_budget.limit_usd - v_used, 0)::text,
                    'resets_at', nullif(
                        studio.period_end(v_budget.period, now()), 'infinity'))::text;
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
        b.scope, b.period, b.limit_usd,
        greatest(b.limit_usd - studio.budget_used_usd(b, p.id), 0),
        nullif(studio.period_end(b.period, now()), 'infinity')
    from studio.people as p
    left join studio.campaigns as c on c.id = p_campaign and c.team_id = p.team_id
    cross join lateral studio.matching_budgets(p.id, p.team_id, c.id) as b
    where p.id = auth.uid() and p.active and b.kind = 'hard'
$$;
