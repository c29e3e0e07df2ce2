-- Which rows the warehouse has to read again. Each row that it is made of carries the transaction
-- that wrote it last: everything before the oldest transaction that is still open has been seen or
-- never will be, so a sync that begins again from there can't miss a late commit, as one that
-- goes by times does.

create table studio.sync_marks (
    id bigint generated always as identity primary key,
    dataset text not null check (dataset in ('generations', 'charges', 'events')),
    key text not null,
    was_at timestamptz,
    sync_xid xid8 not null default pg_current_xact_id()
);
comment on table studio.sync_marks is
    'Rows that the warehouse looks at again though no stamp leads there: they are gone, have moved, '
    'or are made of a row that is gone.';
comment on column studio.sync_marks.was_at is
    'The time by which the warehouse files a row that is gone or moved; null: it is where it was.';
create index sync_marks_sync_xid on studio.sync_marks (sync_xid);

alter table studio.generations add column sync_xid xid8;
alter table studio.attempts add column sync_xid xid8;
alter table studio.charges add column sync_xid xid8;
alter table studio.videos add column sync_xid xid8;
alter table studio.events add column sync_xid xid8;
comment on column studio.generations.sync_xid is
    'The transaction that last changed what the warehouse has of it; null: from before stamps.';

create function studio.stamp_change() returns trigger
language plpgsql set search_path = '' as $$
begin
    new.sync_xid := pg_current_xact_id();
    return new;
end
$$;

-- Leases, tries and the like change all the time and are nothing to the warehouse.
create trigger generations_stamp_new before insert on studio.generations
for each row execute function studio.stamp_change();
create trigger generations_stamp_change before update on studio.generations
for each row when (
    (old.person_id, old.team_id, old.campaign_id, old.parent_id, old.batch_id, old.lane,
        old.status, old.cause, old.title, old.model, old.prompt, old.parameters, old.fingerprint,
        old.price_usd_per_unit, old.estimate_usd, old.created_at, old.submitted_at,
        old.finished_at)
    is distinct from
    (new.person_id, new.team_id, new.campaign_id, new.parent_id, new.batch_id, new.lane,
        new.status, new.cause, new.title, new.model, new.prompt, new.parameters, new.fingerprint,
        new.price_usd_per_unit, new.estimate_usd, new.created_at, new.submitted_at,
        new.finished_at))
execute function studio.stamp_change();

create trigger attempts_stamp_new before insert on studio.attempts
for each row execute function studio.stamp_change();
create trigger attempts_stamp_change before update on studio.attempts
for each row when (
    (old.generation_id, old.number, old.accepted_at, old.started_at, old.completed_at)
    is distinct from
    (new.generation_id, new.number, new.accepted_at, new.started_at, new.completed_at))
execute function studio.stamp_change();

create trigger videos_stamp_new before insert on studio.videos
for each row execute function studio.stamp_change();
create trigger videos_stamp_change before update on studio.videos
for each row when (
    (old.verdict, old.verdict_at, old.rating_hundredths, old.status, old.size_bytes)
    is distinct from
    (new.verdict, new.verdict_at, new.rating_hundredths, new.status, new.size_bytes))
execute function studio.stamp_change();

create trigger charges_stamp before insert or update on studio.charges
for each row execute function studio.stamp_change();
create trigger events_stamp before insert or update on studio.events
for each row execute function studio.stamp_change();

create index generations_sync_xid on studio.generations (sync_xid);
create index attempts_sync_xid on studio.attempts (sync_xid);
create index videos_sync_xid on studio.videos (sync_xid);
create index charges_sync_xid on studio.charges (sync_xid);
create index events_sync_xid on studio.events (sync_xid);
-- Whether the same was made before is asked for each new one.
create index generations_fingerprint on studio.generations (fingerprint);

-- A mark is a row of its own each time: nobody waits for another who marks the same.
create function studio.mark_generation() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into studio.sync_marks (dataset, key, was_at)
    values ('generations', old.id::text, old.created_at);
    -- Those after it may have been made for the first time now.
    insert into studio.sync_marks (dataset, key)
    select 'generations', g.id::text from studio.generations as g
    where g.fingerprint = old.fingerprint and g.id <> old.id and g.created_at > old.finished_at;
    return null;
end
$$;
create trigger generations_mark_gone after delete on studio.generations
for each row execute function studio.mark_generation();
create trigger generations_mark_moved after update on studio.generations
for each row when (
    old.created_at <> new.created_at
    or (old.finished_at is not null
        and (old.finished_at, old.fingerprint)
        is distinct from (new.finished_at, new.fingerprint)))
execute function studio.mark_generation();

create function studio.mark_charge() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into studio.sync_marks (dataset, key, was_at)
    values ('charges', old.id::text, old.created_at);
    if old.generation_id is not null then
        insert into studio.sync_marks (dataset, key)
        values ('generations', old.generation_id::text);
    end if;
    return null;
end
$$;
create trigger charges_mark_gone after delete on studio.charges
for each row execute function studio.mark_charge();
create trigger charges_mark_moved after update on studio.charges
for each row when (
    (old.created_at, old.generation_id) is distinct from (new.created_at, new.generation_id))
execute function studio.mark_charge();

create function studio.mark_event() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into studio.sync_marks (dataset, key, was_at) values ('events', old.id::text, old.at);
    return null;
end
$$;
create trigger events_mark_gone after delete on studio.events
for each row execute function studio.mark_event();
create trigger events_mark_moved after update on studio.events
for each row when (old.at <> new.at) execute function studio.mark_event();

-- Attempts and videos are parts of a generation's row in the warehouse.
create function studio.mark_whole() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into studio.sync_marks (dataset, key)
    values ('generations', to_jsonb(old) ->> tg_argv[0]);
    return null;
end
$$;
create trigger attempts_mark_gone after delete on studio.attempts
for each row execute function studio.mark_whole('generation_id');
create trigger attempts_mark_moved after update on studio.attempts
for each row when (old.generation_id <> new.generation_id)
execute function studio.mark_whole('generation_id');
create trigger videos_mark_gone after delete on studio.videos
for each row execute function studio.mark_whole('id');

alter table studio.sync_marks enable row level security;
create policy service on studio.sync_marks to service_role using (true) with check (true);
grant select, delete on studio.sync_marks to service_role;
revoke execute on all functions in schema studio from public;
