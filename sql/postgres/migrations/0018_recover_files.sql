-- What the rules about files need: which store the record's files are in, how far a round over them
-- has come, videos on their way out of the trash for good, and workers that died over a generation.

alter table studio.videos
add column purge_begun_at timestamptz,
add column purged_at timestamptz,
add constraint purge_only_from_trash check (purge_begun_at is null or status = 'trashed'),
add constraint purge_begins_first check (purged_at is null or purge_begun_at is not null);
comment on column studio.videos.purge_begun_at is
    'From then on nobody can take it back: its files are being removed. Null: not.';
comment on column studio.videos.purged_at is 'Its files are gone; the row stays, as its spend does.';
create index videos_purging on studio.videos (purge_begun_at)
where purge_begun_at is not null and purged_at is null;
-- Beside every other policy: nobody sees or moves it any more, whatever asks.
create policy not_purged on studio.videos as restrictive to authenticated
using (purge_begun_at is null);

alter table studio.generations add column deaths smallint not null default 0;
comment on column studio.generations.deaths is
    'Leases that ran out because the worker died; another worker took over each time.';

create table studio.file_store (
    only_row boolean primary key default true check (only_row),
    id uuid not null default gen_random_uuid(),
    marked_at timestamptz
);
comment on table studio.file_store is
    'One row. The store that holds this record''s files has a mark with this id in it.';
insert into studio.file_store default values;

create table studio.file_rounds (
    rule text primary key check (rule in ('videos', 'inputs')),
    after_id uuid,
    ended_at timestamptz,
    removed bigint not null default 0
);
comment on table studio.file_rounds is 'How far the rounds over the files in the store have come.';
comment on column studio.file_rounds.after_id is
    'The generation that was looked at last; null: a new round begins.';
comment on column studio.file_rounds.removed is 'Left-over files removed so far.';
insert into studio.file_rounds (rule) values ('videos'), ('inputs');

-- Which images a generation names is asked for many keys at once.
create index generations_start_image on studio.generations ((start_image ->> 'key'));
create index generations_end_image on studio.generations ((end_image ->> 'key'))
where end_image is not null;

insert into studio.event_kinds (kind, only_workers) values
('purged', true), ('file_lost', true), ('file_found', true)
on conflict (kind) do nothing;

do $$
declare
    v_table text;
begin
    foreach v_table in array array['file_store', 'file_rounds']
    loop
        execute format('alter table studio.%I enable row level security', v_table);
        execute format(
            'create policy service on studio.%I to service_role using (true) with check (true)',
            v_table);
        execute format('grant select, update on studio.%I to service_role', v_table);
    end loop;
end
$$;
