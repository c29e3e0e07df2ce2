-- What people make of finished videos: stars, favourites, verdicts, edits that can be undone, and
-- searches they keep.

-- The closed list of what an event can be. Rows rather than a check, so that a later migration
-- adds its own without knowing the others'.
create table studio.event_kinds (
    kind text primary key,
    only_workers boolean not null default false
);
comment on column studio.event_kinds.only_workers is 'What no person can know or claim.';
insert into studio.event_kinds (kind, only_workers) values
('signed_in', false), ('submitted', false), ('completed', true), ('failed', true),
('canceled', false), ('viewed', false), ('downloaded', false), ('shared', false),
('trashed', false), ('restored', false), ('error', false), ('rated', false),
('favourited', false), ('approved', false), ('needs_change', false), ('rejected', false),
('verdict_withdrawn', false), ('retitled', false), ('tagged', false), ('moved', false),
('undone', false), ('searched', false), ('search_saved', false), ('compared', false),
('remixed', false), ('zipped', false)
on conflict (kind) do nothing;
insert into studio.event_kinds (kind) select distinct kind from studio.events
on conflict (kind) do nothing;
alter table studio.events drop constraint if exists events_kind_check;
alter table studio.events add constraint events_kind
foreign key (kind) references studio.event_kinds (kind);
create index events_kind_at on studio.events (kind, at);

-- Which roles change things. Analysts look.
create function studio.takes_part() returns boolean
language sql stable security definer set search_path = '' as $$
    select coalesce(studio.my_role() in ('member', 'manager', 'admin'), false)
$$;

alter table studio.videos
add column rating_hundredths integer not null default 0,
add column rating_count integer not null default 0,
add column cost_microusd bigint not null default 0,
add column duration_ms integer not null
    generated always as ((duration_s * 1000)::integer) stored,
add column verdict text check (verdict in ('approved', 'needs_change', 'rejected')),
add column verdict_by uuid references studio.people (id),
add column verdict_at timestamptz,
add column verdict_comment text,
add constraint verdict_says_when check ((verdict is null) = (verdict_at is null)),
add constraint rating_has_people check ((rating_hundredths = 0) = (rating_count = 0));
comment on column studio.videos.rating_hundredths is
    'Mean of everybody''s stars times 100; 0: nobody rated it. Kept by triggers of video_ratings.';
comment on column studio.videos.cost_microusd is
    'Everything charged for it, in millionths of a USD. An integer, because Postgres compares '
    'those before a policy, and numerics only after it. Kept by a trigger of charges.';
comment on column studio.videos.verdict is
    'The last one of video_verdicts; null: nobody has judged it, or it was withdrawn.';

create table studio.video_ratings (
    video_id uuid not null references studio.videos (id) on delete cascade,
    person_id uuid not null references studio.people (id),
    stars smallint not null check (stars between 1 and 5),
    rated_at timestamptz not null default now(),
    primary key (video_id, person_id)
);
create index video_ratings_person on studio.video_ratings (person_id);

create table studio.video_favourites (
    person_id uuid not null references studio.people (id),
    video_id uuid not null references studio.videos (id) on delete cascade,
    added_at timestamptz not null default now(),
    primary key (person_id, video_id)
);
create index video_favourites_video on studio.video_favourites (video_id);

-- Append-only: the last row of a video is its verdict now.
create table studio.video_verdicts (
    id bigint generated always as identity primary key,
    video_id uuid not null references studio.videos (id) on delete cascade,
    person_id uuid not null references studio.people (id),
    verdict text check (verdict in ('approved', 'needs_change', 'rejected')),
    comment text not null default '' check (length(comment) <= 2000),
    at timestamptz not null default clock_timestamp()
);
create index video_verdicts_video on studio.video_verdicts (video_id, id);
comment on column studio.video_verdicts.verdict is 'Null: withdrawn.';

-- What one act changed, with what was there before, so that it can be undone.
create table studio.video_changes (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references studio.people (id),
    kind text not null check (kind in ('fields', 'rating', 'favourite', 'verdict')),
    items jsonb not null check (jsonb_typeof(items) = 'array'),
    at timestamptz not null default clock_timestamp(),
    undone_at timestamptz
);
create index video_changes_person on studio.video_changes (person_id, at desc);
comment on column studio.video_changes.items is 'For each video `id`, `before` and `after`.';

create table studio.saved_searches (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references studio.people (id),
    team_id uuid not null references studio.teams (id),
    name text not null check (name = trim(name) and length(name) between 1 and 80),
    filters jsonb not null check (jsonb_typeof(filters) = 'object'),
    shared boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index saved_searches_name on studio.saved_searches (person_id, lower(name));
create index saved_searches_team on studio.saved_searches (team_id) where shared;
comment on column studio.saved_searches.filters is
    'The parameters of the gallery''s address: each name with its list of values.';

-- What a person can change of a video, as it is kept for undoing.
create function studio.video_fields(p_video studio.videos) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'title', p_video.title, 'tags', to_jsonb(p_video.tags),
        'campaign_id', p_video.campaign_id, 'status', p_video.status,
        'deleted_at', p_video.deleted_at at time zone 'utc')
$$;

-- Tags without the removed ones, then the added ones it does not have, whatever their case.
create function studio.edited_tags(p_tags text [], p_add text [], p_remove text [])
returns text []
language sql immutable set search_path = '' as $$
    select coalesce(array_agg(k.tag order by k.place), '{}') from (
        select distinct on (lower(t.tag)) t.tag, t.place
        from unnest(p_tags || p_add) with ordinality as t (tag, place)
        where lower(t.tag) <> all(select lower(r) from unnest(p_remove) as r)
        order by lower(t.tag), t.place
    ) as k
$$;

-- Once for each statement, however many videos it rates.
create function studio.count_ratings() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update studio.videos as v set
        rating_hundredths = coalesce(r.hundredths, 0), rating_count = r.n
    from (
        select t.video_id, round(avg(a.stars) * 100)::integer as hundredths,
            count(a.stars)::integer as n
        from (select distinct video_id from touched) as t
        left join studio.video_ratings as a on a.video_id = t.video_id
        group by t.video_id
    ) as r
    where v.id = r.video_id;
    return null;
end
$$;
create trigger ratings_counted_when_added after insert on studio.video_ratings
referencing new table as touched
for each statement execute function studio.count_ratings();
create trigger ratings_counted_when_changed after update on studio.video_ratings
referencing new table as touched
for each statement execute function studio.count_ratings();
create trigger ratings_counted_when_removed after delete on studio.video_ratings
referencing old table as touched
for each statement execute function studio.count_ratings();

create function studio.apply_verdicts() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update studio.videos as v set
        verdict = j.verdict,
        verdict_by = case when j.verdict is not null then j.person_id end,
        verdict_at = case when j.verdict is not null then j.at end,
        verdict_comment = case when j.verdict is not null then j.comment end
    from (select distinct on (video_id) * from judged order by video_id, id desc) as j
    where v.id = j.video_id;
    return null;
end
$$;
create trigger verdicts_applied after insert on studio.video_verdicts
referencing new table as judged
for each statement execute function studio.apply_verdicts();

create function studio.count_video_cost() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update studio.videos as v set cost_microusd = (
        select coalesce(sum(c.amount_usd) * 1000000, 0)::bigint from studio.charges as c
        where c.generation_id = v.id)
    where v.id = case when tg_op = 'DELETE' then old.generation_id else new.generation_id end;
    return null;
end
$$;
create trigger charges_cost_videos
after insert or update or delete on studio.charges
for each row execute function studio.count_video_cost();

update studio.videos as v set cost_microusd = c.amount_usd * 1000000
from (
    select generation_id, sum(amount_usd) as amount_usd from studio.charges group by generation_id
) as c
where c.generation_id = v.id;

do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'event_kinds', 'video_ratings', 'video_favourites', 'video_verdicts', 'video_changes',
        'saved_searches']
    loop
        execute format('alter table studio.%I enable row level security', v_table);
        execute format(
            'create policy service on studio.%I to service_role using (true) with check (true)',
            v_table);
        execute format(
            'grant select, insert, update, delete on studio.%I to service_role', v_table);
    end loop;
end
$$;
-- What was said and judged stays said.
revoke update, delete on studio.video_verdicts from service_role;
revoke insert, update, delete on studio.event_kinds from service_role;

grant select on studio.event_kinds, studio.video_ratings, studio.video_favourites,
studio.video_verdicts, studio.video_changes, studio.saved_searches to authenticated;
grant insert, delete on studio.video_ratings, studio.video_favourites, studio.saved_searches
to authenticated;
grant update (stars, rated_at) on studio.video_ratings to authenticated;
grant insert (video_id, person_id, verdict, comment) on studio.video_verdicts to authenticated;
grant insert (person_id, kind, items) on studio.video_changes to authenticated;
grant update (undone_at) on studio.video_changes to authenticated;
grant update (name, filters, shared, updated_at) on studio.saved_searches to authenticated;

create policy everybody on studio.event_kinds for select to authenticated
using ((select studio.my_role()) is not null);
drop policy own_acts on studio.events;
create policy own_acts on studio.events for insert to authenticated with check (
    person_id = (select auth.uid())
    and kind in (select k.kind from studio.event_kinds as k where not k.only_workers)
    and (team_id is null or team_id = (select studio.my_team())
        or (select studio.my_role()) = 'admin')
    and (generation_id is null
        or exists (select from studio.generations as g where g.id = generation_id)
        or exists (select from studio.videos as v where v.id = generation_id)));

-- Stars are no secret in a team; each person's own are theirs to give.
create policy of_visible on studio.video_ratings for select to authenticated using (
    exists (select from studio.videos as v where v.id = video_id));
create policy own_adds on studio.video_ratings for insert to authenticated with check (
    person_id = (select auth.uid()) and (select studio.takes_part())
    and exists (select from studio.videos as v where v.id = video_id));
create policy own_changes on studio.video_ratings for update to authenticated
using (person_id = (select auth.uid()) and (select studio.takes_part()))
with check (person_id = (select auth.uid()));
create policy own_removes on studio.video_ratings for delete to authenticated
using (person_id = (select auth.uid()) and (select studio.takes_part()));

create policy own_reads on studio.video_favourites for select to authenticated
using (person_id = (select auth.uid()));
create policy own_adds on studio.video_favourites for insert to authenticated with check (
    person_id = (select auth.uid())
    and exists (select from studio.videos as v where v.id = video_id));
create policy own_removes on studio.video_favourites for delete to authenticated
using (person_id = (select auth.uid()));

create policy of_visible on studio.video_verdicts for select to authenticated using (
    exists (select from studio.videos as v where v.id = video_id));
create policy own_adds on studio.video_verdicts for insert to authenticated with check (
    person_id = (select auth.uid()) and (select studio.takes_part())
    and exists (select from studio.videos as v where v.id = video_id));

create policy own_reads on studio.video_changes for select to authenticated
using (person_id = (select auth.uid()));
create policy own_adds on studio.video_changes for insert to authenticated
with check (person_id = (select auth.uid()));
create policy own_undoes on studio.video_changes for update to authenticated
using (person_id = (select auth.uid()) and undone_at is null)
with check (person_id = (select auth.uid()));

create policy own_or_shared on studio.saved_searches for select to authenticated using (
    (select studio.my_role()) is not null
    and (person_id = (select auth.uid())
        or (shared and (
            team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin'))));
create policy own_adds on studio.saved_searches for insert to authenticated with check (
    person_id = (select auth.uid()) and team_id = (select studio.my_team()));
create policy own_changes on studio.saved_searches for update to authenticated
using (person_id = (select auth.uid()) and (select studio.my_role()) is not null)
with check (person_id = (select auth.uid()) and team_id = (select studio.my_team()));
-- Whoever manages a team also clears away what others shared with it.
create policy own_or_managed_removes on studio.saved_searches for delete to authenticated using (
    person_id = (select auth.uid())
    or (shared and (select studio.my_role()) = 'manager'
        and team_id = (select studio.my_team()))
    or (shared and (select studio.my_role()) = 'admin'));

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function
studio.takes_part(), studio.video_fields(studio.videos),
studio.edited_tags(text [], text [], text []) to authenticated;
