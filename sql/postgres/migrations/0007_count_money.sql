-- Running sums of what is held and spent, so that admission reads a few rows however long the
-- history is. They are derived: the triggers below are their only writers, and
-- studio.recount_money() makes them anew from holds and charges.

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
