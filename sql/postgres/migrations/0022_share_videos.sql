-- Links that let guests see one video without an account, and what guests say about it.

create table studio.shares (
    id uuid primary key default gen_random_uuid(),
    video_id uuid not null references studio.videos (id) on delete cascade,
    team_id uuid not null references studio.teams (id),
    person_id uuid not null references studio.people (id),
    token_sha256 bytea not null check (length(token_sha256) = 32),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '7 days' check (isfinite(expires_at)),
    revoked_at timestamptz,
    revoked_by uuid references studio.people (id),
    password_hash text check (password_hash like '$argon2%'),
    has_password boolean not null generated always as (password_hash is not null) stored,
    allow_download boolean not null default false,
    wants_verdict boolean not null default false,
    view_count integer not null default 0,
    download_count integer not null default 0,
    last_viewed_at timestamptz,
    constraint shares_token unique (token_sha256),
    constraint revoked_says_who check ((revoked_at is null) = (revoked_by is null))
);
create index shares_video on studio.shares (video_id, created_at desc);
comment on table studio.shares is
    'A link to one video for guests. The token in its address is only kept as its SHA-256.';
comment on column studio.shares.person_id is 'Who made the link.';
comment on column studio.shares.revoked_at is 'When somebody ended it for good; null: nobody did.';
comment on column studio.shares.password_hash is 'argon2; null: the address is enough.';
comment on column studio.shares.view_count is
    'Browser sessions of guests in which the video began to play.';

-- Append-only: what was said stays said.
create table studio.guest_verdicts (
    id bigint generated always as identity primary key,
    share_id uuid not null references studio.shares (id) on delete cascade,
    video_id uuid not null references studio.videos (id) on delete cascade,
    verdict text not null check (verdict in ('approved', 'needs_change')),
    name text not null check (name = trim(name) and length(name) between 1 and 80),
    comment text not null default '' check (length(comment) <= 2000),
    at timestamptz not null default clock_timestamp()
);
create index guest_verdicts_share on studio.guest_verdicts (share_id);
create index guest_verdicts_video on studio.guest_verdicts (video_id, id);
comment on table studio.guest_verdicts is
    'What guests of a link think of a video. Never the verdict of the video, which is the team''s.';
comment on column studio.guest_verdicts.name is 'As the guest typed it; nobody checked it.';

insert into studio.event_kinds (kind, only_workers) values
('share_changed', false), ('share_revoked', false), ('share_viewed', true),
('share_downloaded', true), ('share_judged', true)
on conflict (kind) do nothing;

-- Who answers for a link: whoever made it or the video, managers of the team, administrators.
create function studio.may_manage_share(p_share studio.shares) returns boolean
language sql stable security definer set search_path = '' as $$
    select coalesce(case studio.my_role()
        when 'admin' then true
        when 'manager' then p_share.team_id = studio.my_team()
        when 'member' then p_share.team_id = studio.my_team() and (
            p_share.person_id = auth.uid()
            or exists (
                select from studio.videos as v
                where v.id = p_share.video_id and v.person_id = auth.uid()))
        else false end, false)
$$;

do $$
declare
    v_table text;
begin
    foreach v_table in array array['shares', 'guest_verdicts']
    loop
        execute format('alter table studio.%I enable row level security', v_table);
        execute format(
            'create policy service on studio.%I to service_role using (true) with check (true)',
            v_table);
        execute format('grant select, insert on studio.%I to service_role', v_table);
    end loop;
end
$$;
grant update (view_count, download_count, last_viewed_at) on studio.shares to service_role;

-- Neither the token's hash nor the password's leaves the database for a person.
grant select (
    id, video_id, team_id, person_id, created_at, expires_at, revoked_at, revoked_by, has_password,
    allow_download, wants_verdict, view_count, download_count, last_viewed_at)
on studio.shares to authenticated;
grant insert (
    video_id, team_id, person_id, token_sha256, expires_at, password_hash, allow_download,
    wants_verdict)
on studio.shares to authenticated;
grant update (expires_at, revoked_at, revoked_by) on studio.shares to authenticated;
grant select on studio.guest_verdicts to authenticated;

create policy managed_reads on studio.shares for select to authenticated
using (studio.may_manage_share(shares));
create policy team_makes on studio.shares for insert to authenticated with check (
    person_id = (select auth.uid()) and (select studio.takes_part())
    and exists (
        select from studio.videos as v
        where v.id = video_id and v.team_id = shares.team_id and v.status = 'ready'));
-- A link that was revoked stays so.
create policy managed_changes on studio.shares for update to authenticated
using (revoked_at is null and studio.may_manage_share(shares))
with check (
    studio.may_manage_share(shares)
    and (revoked_by is null or revoked_by = (select auth.uid())));
create policy of_visible on studio.guest_verdicts for select to authenticated using (
    exists (select from studio.videos as v where v.id = video_id));

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function studio.may_manage_share(studio.shares) to authenticated;
