-- Finding videos: words and tags, every filter and every order of the gallery by an index.

-- The words a video is found by: title, tags, campaign and prompt, as written and (so that
-- "sneakers" finds "sneaker") by their English stem. Three kinds of lexemes no word can be: `#tag`
-- for a whole tag, `!id` for the team and `@id` for the campaign. Names of campaigns change, ids do
-- not: a search looks the names up first, so a renamed campaign is found by its new name at once.
create function studio.video_words(
    p_title text, p_tags text [], p_team uuid, p_campaign uuid, p_prompt text
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
        || setweight(array_to_tsvector(
            array_remove(array['!' || p_team::text, '@' || p_campaign::text], null)), 'C')
        || setweight(to_tsvector('pg_catalog.simple', v_prompt), 'D')
        || setweight(to_tsvector('pg_catalog.english', v_prompt), 'D');
end
$$;

alter table studio.videos add column words tsvector not null
generated always as (studio.video_words(title, tags, team_id, campaign_id, prompt)) stored;
create index videos_words on studio.videos using gin (words) where status = 'ready';

alter table studio.campaigns add column words tsvector not null
generated always as (to_tsvector('pg_catalog.simple', name)) stored;

-- What was typed, as a query on video_words: every word must be there, as the beginning of a word,
-- by its English stem, or in the name of the video's campaign; and every tag as a whole. Runs as the
-- reader, who finds no campaign of others by its name. Null: nothing in it can be looked for.
create function studio.search_query(p_search text, p_tags text []) returns tsquery
language plpgsql stable set search_path = '' as $$
declare
    v_chunk text;
    v_quoted text;
    v_begins tsquery;
    v_word tsquery;
    v_all tsquery;
begin
    foreach v_chunk in array regexp_split_to_array(lower(left(p_search, 200)), '\s+') loop
        v_quoted := '''' || replace(replace(v_chunk, '\', '\\'), '''', '''''') || '''';
        v_begins := case when v_chunk <> '' then
            to_tsquery('pg_catalog.simple', v_quoted || ':*') end;
        continue when v_begins is null or numnode(v_begins) = 0;
        v_word := v_begins || plainto_tsquery('pg_catalog.english', v_chunk) || coalesce((
            select string_agg('''@' || c.id || '''', ' | ') from studio.campaigns as c
            where c.words @@ v_begins)::tsquery, ''::tsquery);
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

-- Ids of ready videos with these words, `p_most` at most, in no order. Postgres lets no index
-- answer `@@` below a policy, because the operator is not known to keep secrets, so this runs with
-- its owner's rights and says itself whose videos the reader sees (Postgres docs, Rules and
-- Privileges, leakproof). `p_team` null: every team the reader sees. What is asked for decides
-- between the index (rare words) and reading on until there are enough (common ones), so every call
-- is planned anew, and for pages that are in memory already.
create function studio.search_videos(p_query tsquery, p_team uuid, p_most integer)
returns setof uuid
language plpgsql stable security definer rows 500
set search_path = '' set plan_cache_mode = 'force_custom_plan'
set random_page_cost = 1.1 set work_mem = '32MB' as $$
declare
    v_team uuid := case when studio.my_role() = 'admin' then p_team else studio.my_team() end;
    v_query tsquery := p_query;
begin
    if studio.my_role() is null or v_team is distinct from coalesce(p_team, v_team) then
        return;
    end if;
    if v_team is not null then
        v_query := v_query && ('''!' || v_team || '''')::tsquery;
    end if;
    return query select v.id from studio.videos as v
    where v.words @@ v_query and v.status = 'ready' limit p_most;
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
studio.video_words(text, text [], uuid, uuid, text), studio.search_query(text, text []),
studio.search_videos(tsquery, uuid, integer) to authenticated;
