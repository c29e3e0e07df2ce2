-- name: my_budgets
-- Every budget the reader may see with what is spent and held of it now, widest scope first.
select * from studio.my_budgets()
order by
    array_position(array['organisation', 'team', 'campaign', 'person'], scope),
    is_default desc, target_id is not null, lower(target_name),
    array_position(array['day', 'month', 'total'], period), kind, id;

-- name: open_holds
-- Open holds of one scope that the reader may see, oldest first. A null target: all of them.
select
    h.generation_id, g.title, studio.person_name(h.person_id) as person_name, g.status,
    h.amount_usd, h.created_at, h.expires_at
from studio.holds as h
inner join studio.generations as g on g.id = h.generation_id
where h.released_at is null
    and case %(scope)s
        when 'team' then h.team_id = %(target)s::uuid
        when 'campaign' then h.campaign_id = %(target)s::uuid
        when 'person' then h.person_id = %(target)s::uuid
        else true end
order by h.created_at, h.id
limit %(limit)s;

-- name: grants
-- Grants of the budgets the reader may see that have not ended yet, the next to end first.
select
    r.id, r.budget_id, r.amount_usd, r.starts_at, r.ends_at, r.reason,
    studio.person_name(r.created_by) as created_by_name, r.created_at
from studio.budget_grants as r
inner join studio.budgets as b on b.id = r.budget_id
where b.active and r.ended_at is null and r.ends_at > now()
order by r.ends_at, r.id;

-- name: changes
-- What was changed in the budgets the reader may see, and what was corrected of the charges they
-- answer for, the latest first.
(
    select
        c.changed_at, studio.person_name(c.changed_by) as changed_by_name, c.what, b.scope,
        coalesce(t.name, m.name, studio.person_name(b.person_id)) as target_name, b.period, b.kind,
        c.old_limit_usd, c.new_limit_usd, c.amount_usd, c.ends_at, c.reason,
        null::uuid as generation_id, c.id
    from studio.budget_changes as c
    inner join studio.budgets as b on b.id = c.budget_id
    left join studio.teams as t on t.id = b.team_id
    left join studio.campaigns as m on m.id = b.campaign_id
    order by c.id desc
    limit %(limit)s
)
union all
(
    select
        a.created_at, studio.person_name(a.created_by), 'adjusted',
        case
            when a.generation_id is not null then 'generation'
            when a.campaign_id is not null then 'campaign'
            when a.person_id is not null then 'person'
            when a.team_id is not null then 'team'
            else 'organisation' end,
        case
            when a.generation_id is not null then g.title
            when a.campaign_id is not null then m.name
            when a.person_id is not null then studio.person_name(a.person_id)
            else t.name end,
        null, null, null, null, a.amount_usd, null, a.note, a.generation_id, null
    from studio.charges as a
    left join studio.generations as g on g.id = a.generation_id
    left join studio.teams as t on t.id = a.team_id
    left join studio.campaigns as m on m.id = a.campaign_id
    where a.kind = 'adjustment'
        and (not studio.acts_as_person() or studio.my_role() in ('manager', 'admin'))
    order by a.created_at desc
    limit %(limit)s
)
order by changed_at desc, id desc
limit %(limit)s;

-- name: adjustable
-- Generations that ended and whose cost the reader may correct, the latest first. `search` is a part
-- of the title or of the person's name, or the beginning of the id; empty: all.
select
    g.id, g.title, studio.person_name(g.person_id) as person_name, g.person_id, g.team_id,
    g.campaign_id, g.created_at, coalesce(c.cost_usd, 0) as cost_usd,
    coalesce(c.verified, true) as verified
from studio.generations as g
left join lateral (
    select sum(h.amount_usd) as cost_usd,
        bool_or(h.kind = 'adjustment') or bool_and(h.verified) as verified
    from studio.charges as h where h.generation_id = g.id
) as c on true
where g.finished_at is not null
    and (studio.my_role() = 'admin'
        or (studio.my_role() = 'manager' and g.team_id = studio.my_team()))
    and (%(search)s = ''
        or strpos(lower(g.title), lower(%(search)s)) > 0
        or strpos(lower(studio.person_name(g.person_id)), lower(%(search)s)) > 0
        or starts_with(g.id::text, lower(%(search)s)))
order by g.created_at desc, g.id desc
limit %(limit)s;

-- name: targets
-- Teams, campaigns and people whose budgets the reader may set, by name.
select 'team' as scope, t.id, t.name, t.name as team_name, t.id as team_id
from studio.teams as t
where studio.my_role() = 'admin' or t.id = studio.my_team()
union all
select 'campaign', c.id, c.name, t.name, t.id
from studio.campaigns as c
inner join studio.teams as t on t.id = c.team_id
where c.archived_at is null and (studio.my_role() = 'admin' or c.team_id = studio.my_team())
union all
select 'person', p.id, p.name, t.name, t.id
from studio.people as p
inner join studio.teams as t on t.id = p.team_id
where p.active and (studio.my_role() = 'admin' or p.team_id = studio.my_team())
order by scope desc, name, id;

-- name: set
-- Set the limit of a scope's budget, which is made when there is none.
select studio.set_budget(
    %(scope)s, %(target)s::uuid, %(period)s, %(kind)s, %(limit_usd)s) as id;

-- name: remove
-- Remove a budget; false when it was removed already.
select studio.remove_budget(%(id)s) as removed;

-- name: grant
-- Give a budget more room from now on for a while. Null: there is no such budget any more.
select studio.grant_budget(
    %(budget_id)s, %(amount_usd)s, now(), %(ends_at)s, %(reason)s) as id;

-- name: end_grant
-- Take a grant back; false when it had ended already.
select studio.end_grant(%(id)s) as ended;
