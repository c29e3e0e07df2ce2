-- What Supabase brings and a plain Postgres does not: the roles that requests act as and auth.uid().
-- On Supabase every part exists already and is left alone, so the same policies run unchanged there.
-- (Supabase docs, Row Level Security.)

create schema if not exists studio;

do $$
begin
    if not exists (select from pg_roles where rolname = 'anon') then
        create role anon nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        create role authenticated nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'service_role') then
        create role service_role nologin noinherit;
    end if;
end
$$;

-- We must be able to act as both. Tried rather than looked up: whoever made a role is a member of
-- it from Postgres 16 on, and still may not act as it (Postgres docs, SET ROLE).
do $$
declare
    v_role text;
    v_mine text := current_setting('role');
begin
    foreach v_role in array array['authenticated', 'service_role'] loop
        begin
            perform set_config('role', v_role, true);
            perform set_config('role', v_mine, true);
        exception when insufficient_privilege then
            execute format('grant %I to current_user', v_role);
        end;
    end loop;
end
$$;

do $$
begin
    if to_regprocedure('auth.uid()') is null then
        create schema if not exists auth;
        grant usage on schema auth to anon, authenticated, service_role;
        create function auth.uid() returns uuid language sql stable as $f$
            select (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid
        $f$;
        comment on function auth.uid() is 'The person this transaction acts as; null for nobody.';
    end if;
end
$$;

grant usage on schema studio to authenticated, service_role;
