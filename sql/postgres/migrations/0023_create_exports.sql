-- Zips of videos that people ask for and a worker builds. Derived from what is kept anyway, so they
-- are removed after a few days.

create table studio.exports (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null references studio.people (id),
    video_ids uuid [] not null check (cardinality(video_ids) between 1 and 500),
    rendition text not null check (rendition in ('original', 'web', '480p', '360p')),
    name_template text not null check (length(name_template) between 1 and 200),
    state text not null default 'queued'
        check (state in ('queued', 'building', 'ready', 'failed')),
    done integer not null default 0,
    missing_ids uuid [] not null default '{}',
    size_bytes bigint,
    problem text,
    lease_token uuid,
    lease_until timestamptz,
    tries smallint not null default 0,
    not_before timestamptz,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    expires_at timestamptz not null default now() + interval '3 days',
    constraint ready_has_size check (state <> 'ready' or size_bytes is not null),
    constraint failed_says_why check ((state = 'failed') = (problem is not null)),
    constraint finished_has_time
    check ((state in ('ready', 'failed')) = (finished_at is not null))
);
comment on table studio.exports is 'A zip of videos for one person: `exports/<id>.zip` in the store.';
comment on column studio.exports.video_ids is 'In the order in which they were chosen.';
comment on column studio.exports.done is 'Videos that the builder has dealt with.';
comment on column studio.exports.missing_ids is 'Videos that only the manifest of the zip names.';
comment on column studio.exports.tries is
    'Times that it could not be built, deaths of its builder among them.';
comment on column studio.exports.expires_at is
    'From then on nobody sees it; the watcher removes file and row.';
create index exports_person on studio.exports (person_id, created_at desc);
create index exports_open on studio.exports (created_at) where state in ('queued', 'building');
create index exports_expiring on studio.exports (expires_at);

alter table studio.exports enable row level security;
create policy service on studio.exports to service_role using (true) with check (true);
grant select, insert, update, delete on studio.exports to service_role;

grant select on studio.exports to authenticated;
grant insert (person_id, video_ids, rendition, name_template) on studio.exports to authenticated;
-- The one change that is a person's: to have no more use for it.
grant update (expires_at) on studio.exports to authenticated;

-- A zip is one person's own, whatever the role of others.
create policy own_reads on studio.exports for select to authenticated
using (person_id = (select auth.uid()) and (select studio.my_role()) is not null);
create policy own_adds on studio.exports for insert to authenticated
with check (person_id = (select auth.uid()) and (select studio.my_role()) is not null);
create policy own_gives_up on studio.exports for update to authenticated
using (person_id = (select auth.uid()) and (select studio.my_role()) is not null)
with check (person_id = (select auth.uid()) and expires_at <= now());
