-- The database refuses an unlisted change of status and writes the history, so that no program,
-- however wrong, can skip a step or forget a row.

create function studio.guard_status() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        if new.status not in ('queued', 'awaiting_approval') then
            raise exception 'a generation cannot begin as %', new.status
                using errcode = 'check_violation', constraint = 'legal_transition';
        end if;
    elsif new.status is distinct from old.status then
        if not exists (
            select from studio.transitions
            where from_status = old.status and to_status = new.status
        ) then
            raise exception 'generation %: % cannot become %', old.id, old.status, new.status
                using errcode = 'check_violation', constraint = 'legal_transition';
        end if;
        -- A person ends only what never reached fal. Once it may be there, it may cost: a person
        -- asks, and what fal then says decides.
        if studio.acts_as_person() and new.status <> 'canceling'
            and not (old.status in ('awaiting_approval', 'queued') and new.status = 'canceled')
        then
            raise exception 'generation %: a person can only stop it', old.id
                using errcode = 'insufficient_privilege';
        end if;
        if new.status in ('completed', 'failed', 'canceled') then
            new.finished_at := clock_timestamp();
        end if;
    end if;
    new.updated_at := clock_timestamp();
    return new;
end
$$;

create trigger generations_guard_status
before insert or update on studio.generations
for each row execute function studio.guard_status();

create function studio.write_history() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'INSERT' then
        insert into studio.generation_history (generation_id, to_status)
        values (new.id, new.status);
    elsif new.status is distinct from old.status then
        insert into studio.generation_history (generation_id, from_status, to_status)
        values (new.id, old.status, new.status);
    end if;
    return null;
end
$$;

create trigger generations_write_history
after insert or update on studio.generations
for each row execute function studio.write_history();
