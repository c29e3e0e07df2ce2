-- Finding videos: words and tags, every filter and every order of the gallery by an index.

-- A campaign's name stands with its videos, so that one index finds words of both. Names change:
-- whoever renames a campaign renames it here in the same transaction.
alter table studio.videos add column campaign_name text not null default '';
comment on column studio.videos.campaign_name is
    'Copy of the campaign''s name for the search, kept by triggers; empty for none.';

create function studio.copy_campaign_name() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    new.campaign_name := coalesce((
        select c.name from studio.campaigns as c where c.id = new.campaign_id), '');
    return new;
end
$$;
create trigger videos_copy_campaign_name
before insert or update of campaign_id, campaign_name on studio.videos
for each row execute function studio.copy_campaign_name();

create function studio.rename_in_videos() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    update studio.videos set campaign_name = new.name where campaign_id = new.id;
    return null;
end
$$;
create trigger campaigns_rename_in_videos
after update of name on studio.campaigns
for each row when (old.name is distinct from new.name)
execute function studio.rename_in_videos();

update studio.videos set campaign_name = '' where campaign_id is not null;

-- The words a video is found by, as written and (so that "sneakers" finds "sneaker") by their
-- English stem. Two kinds of lexemes no word can be: `#tag` for a whole tag, `!id` for the team.
create function studio.video_words(
    p_title text, p_tags text [], p_campaign_name text, p_prompt text, p_team uuid
) returns tsvector
language plpgsql immutable set search_path = '' as $$
declare
    v_tags text [] := array(
        select distinct '#' || lower(left(t, 200)) from unnest(p_tags) as t where t <> '');
    v_tag_words text := left((select string_agg(t, ' ') from unnest(p_tags) as t), 4000);
    v_prompt text := left(p_prompt, 20000);
begin
    return setweight(to_tsvector('pg_catalog.simple', left(p_title, 1000)), 'A')
        || setweight(to_tsvector('pg_catalog.english', left(p_title, 1000)), 'A')
        || setweight(to_tsvector('pg_catalog.simple', coalesce(v_tag_words, '')), 'B')
        || setweight(array_to_tsvector(v_tags), 'B')
        || setweight(to_tsvector('pg_catalog.simple', left(p_campaign_name, 1000)), 'C')
        || setweight(to_tsvector('pg_catalog.simple', v_prompt), 'D')
        || setweight(to_tsvector('pg_catalog.english', v_prompt), 'D')
        || array_to_tsvector(array['!' || p_team::text]);
end
$$;

alter table studio.videos add column words tsvector not null
generated always as (
    studio.video_words(title, tags, campaign_name, prompt, team_id)) stored;
create index videos_words on studio.videos using gin (words) where status = 'ready';

-- What was typed, as a query on video_words: every word must be there as written or by its English
-- stem, the last one also as the beginning of a word (somebody is typing it); and every tag as a
-- whole. Null: nothing in it can be looked for.
create function studio.search_query(p_search text, p_tags text []) returns tsquery
language plpgsql stable set search_path = '' as $$
declare
    v_chunks text [] := array_remove(
        regexp_split_to_array(lower(left(p_search, 200)), '\s+'), '');
    v_chunk text;
    v_quoted text;
    v_word tsquery;
    v_stem tsquery;
    v_all tsquery;
begin
    for v_place in 1 .. cardinality(v_chunks) loop
        v_chunk := v_chunks[v_place];
        v_quoted := '''' || replace(replace(v_chunk, '\', '\\'), '''', '''''') || '''';
        v_word := to_tsquery(
            'pg_catalog.simple',
            v_quoted || case when v_place = cardinality(v_chunks) then ':*' else '' end);
        continue when numnode(v_word) = 0;
        v_stem := plainto_tsquery('pg_catalog.english', v_chunk);
        -- Left out where it finds nothing more: the index is asked for each word apart.
        if not starts_with(trim('''' from v_stem::text), v_chunk) then
            v_word := v_word || v_stem;
        end if;
        v_all := coalesce(v_all && v_word, v_word);
    end loop;
    foreach v_chunk in array p_tags loop
        v_quoted := '#' || lower(left(v_chunk, 200));
        v_word := ('''' || replace(replace(v_quoted, '\', '\\'), '''', '''''') || '''')::tsquery;
        v_all := coalesce(v_all && v_word, v_word);
    end loop;
    return v_all;
end
$$;

-- Ids of all ready videos with these words, in no order; null when there are more than `p_most`: then
-- the next of them is never far on a walk through the gallery in its order. The index brings all of
-- them together before it says how many they are, so the statistics are asked first; they know
-- little of rare words, hence the factor.
-- Postgres lets no index answer `@@` below a policy, because the operator is not known to keep
-- secrets, so this runs with its owner's rights and says itself whose videos the reader sees
-- (Postgres docs, Rules and Privileges, leakproof). `p_team` null: every team the reader sees.
create function studio.find_few(p_query tsquery, p_team uuid, p_most integer) returns uuid []
language plpgsql security definer
set search_path = '' set plan_cache_mode = 'force_custom_plan' set work_mem = '32MB' as $$
declare
    v_team uuid := case when studio.my_role() = 'admin' then p_team else studio.my_team() end;
    v_query tsquery := p_query;
    v_plan json;
    v_ids uuid [];
begin
    if studio.my_role() is null or v_team is distinct from coalesce(p_team, v_team) then
        return '{}';
    end if;
    if v_team is not null then
        v_query := v_query && ('''!' || v_team || '''')::tsquery;
    end if;
    execute format(
        'explain (format json) select from studio.videos as v '
        'where v.words @@ %L::tsquery and v.status = ''ready''', v_query) into v_plan;
    if (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric > 6 * p_most then
        return null;
    end if;
    v_ids := array(
        select v.id from studio.videos as v
        where v.words @@ v_query and v.status = 'ready' limit p_most + 1);
    return case when cardinality(v_ids) <= p_most then v_ids end;
end
$$;

drop index studio.videos_team;
drop index studio.videos_person;
drop index studio.videos_status;
drop index studio.videos_tags;
-- Orders, for everybody's team and for administrators who look at all teams.
create index videos_new on studio.videos (created_at desc, id desc) where status = 'ready';
create index videos_team_new on studio.videos (team_id, created_at desc, id desc)
where status = 'ready';
create index videos_rating on studio.videos (rating_hundredths desc, id desc)
where status = 'ready';
create index videos_team_rating on studio.videos (team_id, rating_hundredths desc, id desc)
where status = 'ready';
create index videos_cost on studio.videos (cost_microusd desc, id desc) where status = 'ready';
create index videos_team_cost on studio.videos (team_id, cost_microusd desc, id desc)
where status = 'ready';
create index videos_length on studio.videos (duration_ms desc, id desc) where status = 'ready';
create index videos_team_length on studio.videos (team_id, duration_ms desc, id desc)
where status = 'ready';
-- Filters, newest first.
create index videos_campaign on studio.videos (campaign_id, created_at desc, id desc)
where status = 'ready';
create index videos_person on studio.videos (person_id, created_at desc, id desc)
where status = 'ready';
create index videos_team_person on studio.videos (team_id, person_id, created_at desc, id desc)
where status = 'ready';
create index videos_model on studio.videos (model, created_at desc, id desc)
where status = 'ready';
create index videos_team_model on studio.videos (team_id, model, created_at desc, id desc)
where status = 'ready';
create index videos_team_resolution on studio.videos
(team_id, resolution, created_at desc, id desc) where status = 'ready';
create index videos_team_ratio on studio.videos
(team_id, aspect_ratio, created_at desc, id desc) where status = 'ready';
create index videos_team_verdict on studio.videos (team_id, verdict, created_at desc, id desc)
where status = 'ready' and verdict is not null;
create index videos_verdict on studio.videos (verdict, created_at desc, id desc)
where status = 'ready' and verdict is not null;
create index videos_family on studio.videos (family_id, created_at desc, id desc)
where status = 'ready' and family_id is not null;
create index videos_batch on studio.videos (batch_id, created_at desc, id desc)
where status = 'ready' and batch_id is not null;
-- The trash is small; the purge reads it by age.
create index videos_trash on studio.videos (team_id, created_at desc, id desc)
where status = 'trashed';
create index videos_trash_age on studio.videos (deleted_at) where status = 'trashed';

revoke execute on all functions in schema studio from public;
grant execute on all functions in schema studio to service_role;
-- A generated column is made with the rights of whoever changes the row.
grant execute on function
studio.video_words(text, text [], text, text, uuid),
studio.search_query(text, text []),
studio.find_few(tsquery, uuid, integer) to authenticated;
