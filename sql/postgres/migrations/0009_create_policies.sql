-- Who may see and do what (row-level security in the manner of Supabase). Workers act as
-- service_role and see everything; people act as authenticated.

grant select, insert, update, delete on all tables in schema studio to service_role;
-- Only the triggers of holds and charges write these.
revoke insert, update, delete on studio.held_usd, studio.spent_usd from service_role;
-- Postgres lets everybody run a new function. Most of these run with their owner's rights.
revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
grant execute on function
studio.my_role(), studio.my_team(), studio.acts_as_person(), studio.person_name(uuid)
to authenticated;

do $$
declare
    v_table text;
begin
    for v_table in
        select tablename from pg_tables where schemaname = 'studio'
    loop
        execute format('alter table studio.%I enable row level security', v_table);
        execute format(
            'create policy service on studio.%I to service_role using (true) with check (true)',
            v_table);
    end loop;
end
$$;

grant select on studio.organisation, studio.teams, studio.people, studio.campaigns,
studio.generations, studio.generation_history, studio.attempts, studio.budgets, studio.holds,
studio.charges, studio.videos, studio.renditions, studio.provider_state to authenticated;
grant insert on studio.campaigns, studio.events to authenticated;
-- What a request consists of. How far it has come is for the workers to say.
grant insert (
    id, person_id, team_id, campaign_id, parent_id, lane, title, tags, model, endpoint, prompt,
    sent_prompt, parameters, seed, start_image, end_image, fingerprint, price_usd_per_unit,
    price_tokens_per_unit, price_source, price_as_of, estimate_usd)
on studio.generations to authenticated;
grant update (status, cancel_requested_at) on studio.generations to authenticated;
grant update (title, description, tags, campaign_id, status, deleted_at, updated_at)
on studio.videos to authenticated;

-- Everybody is every active person; somebody who was deactivated sees nothing of the company.
create policy everybody on studio.organisation for select to authenticated
using ((select studio.my_role()) is not null);
create policy everybody on studio.teams for select to authenticated
using ((select studio.my_role()) is not null);
create policy everybody on studio.provider_state for select to authenticated
using ((select studio.my_role()) is not null);

create policy colleagues on studio.people for select to authenticated using (
    team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin');

create policy team_reads on studio.campaigns for select to authenticated using (
    team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin');
create policy team_adds on studio.campaigns for insert to authenticated with check (
    team_id = (select studio.my_team())
    and created_by = (select auth.uid())
    and (select studio.my_role()) in ('member', 'manager', 'admin'));

-- A member sees only their own prompts; the team's gallery comes from videos.
create policy own_or_managed on studio.generations for select to authenticated using (
    person_id = (select auth.uid())
    or ((select studio.my_role()) = 'manager' and team_id = (select studio.my_team()))
    or (select studio.my_role()) = 'admin');
create policy submit_own on studio.generations for insert to authenticated with check (
    person_id = (select auth.uid())
    and team_id = (select studio.my_team())
    and (campaign_id is null or exists (
        select from studio.campaigns as c
        where c.id = campaign_id and c.team_id = generations.team_id))
    and (select studio.my_role()) in ('member', 'manager', 'admin'));
-- The only change a person makes to a status is to stop it.
create policy stop_own_or_managed on studio.generations for update to authenticated using (
    finished_at is null and (
        person_id = (select auth.uid())
        or ((select studio.my_role()) = 'manager' and team_id = (select studio.my_team()))
        or (select studio.my_role()) = 'admin'))
with check (status in ('canceling', 'canceled'));

create policy of_visible on studio.generation_history for select to authenticated using (
    exists (select from studio.generations as g where g.id = generation_id));
create policy of_visible on studio.attempts for select to authenticated using (
    exists (select from studio.generations as g where g.id = generation_id));

create policy money_own_or_managed on studio.holds for select to authenticated using (
    person_id = (select auth.uid())
    or ((select studio.my_role()) = 'manager' and team_id = (select studio.my_team()))
    or (select studio.my_role()) = 'admin');
create policy money_own_or_managed on studio.charges for select to authenticated using (
    person_id = (select auth.uid())
    or ((select studio.my_role()) = 'manager' and team_id = (select studio.my_team()))
    or (select studio.my_role()) = 'admin');

create policy team_reads on studio.videos for select to authenticated using (
    team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin');
create policy own_or_managed_edit on studio.videos for update to authenticated using (
    person_id = (select auth.uid())
    or ((select studio.my_role()) = 'manager' and team_id = (select studio.my_team()))
    or (select studio.my_role()) = 'admin')
with check (
    (team_id = (select studio.my_team()) or (select studio.my_role()) = 'admin')
    and (campaign_id is null or exists (
        select from studio.campaigns as c
        where c.id = campaign_id and c.team_id = videos.team_id)));
create policy of_visible on studio.renditions for select to authenticated using (
    exists (select from studio.videos as v where v.id = video_id));

-- Written in one's own name, about what one sees, and never what only the workers can know.
create policy own_acts on studio.events for insert to authenticated with check (
    person_id = (select auth.uid())
    and kind not in ('completed', 'failed')
    and (team_id is null or team_id = (select studio.my_team())
        or (select studio.my_role()) = 'admin')
    and (generation_id is null
        or exists (select from studio.generations as g where g.id = generation_id)
        or exists (select from studio.videos as v where v.id = generation_id)));
