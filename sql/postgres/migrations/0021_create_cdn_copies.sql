-- What the CDN holds, and what its caches have still to forget. The record of a file stays the
-- renditions: these two tables only say how far the CDN has followed.

create table studio.cdn_copies (
    key text primary key,
    cdn_key text not null unique,
    sha256 text,
    state text not null default 'copying' check (state in ('copying', 'ready', 'leaving')),
    due_at timestamptz not null,
    tries integer not null default 0,
    problem text,
    constraint ready_has_sum check (state <> 'ready' or sha256 is not null)
);
comment on table studio.cdn_copies is
    'A row is written before its file and removed after it, so the CDN holds nothing unknown.';
comment on column studio.cdn_copies.key is 'Of the file in the object store.';
comment on column studio.cdn_copies.cdn_key is 'Of its copy in the bucket of the CDN.';
comment on column studio.cdn_copies.sha256 is
    'Of the copy that was made last; null: none has been finished.';
comment on column studio.cdn_copies.due_at is
    'When somebody may take the row up: until then another is at work, or what failed waits.';
create index cdn_copies_due on studio.cdn_copies (due_at) where state <> 'ready';

create table studio.cdn_purges (
    id bigint generated always as identity primary key,
    url text not null,
    asked_at timestamptz not null default clock_timestamp(),
    due_at timestamptz not null default clock_timestamp(),
    tries integer not null default 0,
    problem text
);
comment on table studio.cdn_purges is
    'Addresses that the caches of the CDN have to forget; a row goes when they have.';
create index cdn_purges_due on studio.cdn_purges (due_at, id);

-- What has lately come, changed, or gone to the trash is looked for every few seconds.
create index videos_updated on studio.videos (updated_at);

do $$
declare
    v_table text;
begin
    foreach v_table in array array['cdn_copies', 'cdn_purges']
    loop
        execute format('alter table studio.%I enable row level security', v_table);
        execute format(
            'create policy service on studio.%I to service_role using (true) with check (true)',
            v_table);
        execute format('grant select, insert, update, delete on studio.%I to service_role', v_table);
    end loop;
end
$$;
