-- A million synthetic videos for `studio bench gallery`, and offset paging beside ours.

-- name: skip_triggers
-- Videos without generations: nothing checks references or counts while they are written.
set session_replication_role = replica;

-- name: indexes
-- Every index of videos but its key: written after the rows, they take a tenth of the time.
select indexname as name, indexdef as statement from pg_indexes
where schemaname = 'studio' and tablename = 'videos' and indexname <> 'videos_pkey';

-- name: drop_index
-- Drop one of them.
drop index studio./*name*/;

-- name: fast_index_builds
-- Memory for making them anew.
set maintenance_work_mem = '256MB';

-- name: add_teams
-- So many teams.
insert into studio.teams (name) select 'Team ' || n from generate_series(1, %(teams)s::integer) as n;

-- name: add_people
-- Four hundred people in them; the first is an administrator.
insert into studio.people (email, name, role, team_id)
select
    'person' || n || '@bench.test', 'Person ' || n,
    case when n = 1 then 'admin' when n <= 20 then 'manager' else 'member' end, t.id
from generate_series(1, 400) as n
inner join studio.teams as t on t.name = 'Team ' || (1 + mod(n, %(teams)s::integer));

-- name: add_campaigns
-- Thirty campaigns for each team.
insert into studio.campaigns (team_id, name)
select t.id, (array['Spring', 'Summer', 'Autumn', 'Winter'])[1 + mod(n, 4)] || ' campaign ' || n
from studio.teams as t
cross join generate_series(1, 30) as n;

-- name: add_videos
-- Videos a minute apart: the models changed over the years, a product image was used some forty
-- times and a batch has eight. Numbers are mixed up by a hash, so every run makes the same.
with people as (
    select
        array_agg(p.id order by p.email) as ids, array_agg(p.team_id order by p.email) as team_ids
    from studio.people as p where p.email ~ '@bench[.]test$'
),

campaigns as (
    select
        c.team_id, array_agg(c.id order by c.name) as ids, array_agg(c.name order by c.name) as names
    from studio.campaigns as c
    group by c.team_id
),

words as (
    select
        array[
            'sneaker', 'perfume', 'coffee', 'bottle', 'watch', 'lamp', 'chair', 'jacket', 'phone',
            'camera', 'bag', 'boot', 'glass', 'ring', 'bike', 'helmet', 'tent', 'stove', 'knife',
            'pan'] as things,
        array[
            'marble', 'wood', 'linen', 'silk', 'steel', 'smoke', 'water', 'splash', 'neon', 'night',
            'city', 'forest', 'beach', 'studio', 'golden', 'morning', 'shadow', 'mirror', 'desert',
            'snow', 'velvet', 'paper', 'cloud', 'moss', 'glow'] as scenes
),

numbers as (
    select
        n, 1 + mod(hashint4(n) & 1048575, 400) as who,
        hashint4(n + 100000000) & 1048575 as a, hashint4(n + 200000000) & 1048575 as b,
        hashint4(n + 300000000) & 1048575 as c, hashint4(n + 400000000) & 1048575 as d
    from generate_series(%(first)s::integer, %(last)s::integer) as n
)

insert into studio.videos (
    id, title, tags, person_id, team_id, campaign_id, path, poster_path, model, prompt, parameters,
    size_bytes, duration_s, resolution, aspect_ratio, fps, width, height, created_at, family_id,
    batch_id, rating_hundredths, rating_count, cost_microusd, verdict, verdict_at, campaign_name)
select
    gen_random_uuid(), w.things[1 + mod(a, 20)] || ' in ' || w.scenes[1 + mod(b, 25)] || ' ' || n,
    array[w.things[1 + mod(a, 20)], 'sku' || mod(c, 5000)],
    p.ids[who], p.team_ids[who], case when mod(d, 5) > 0 then k.ids[1 + mod(d, 30)] end,
    'videos/' || n || '/web.mp4', 'videos/' || n || '/poster.jpg',
    case
        when n < %(count)s / 10 then 'seedance-1.0-lite'
        else (array['seedance-2.0', 'seedance-2.0', 'seedance-2.0-fast', 'seedance-1.5-pro'])[
            1 + mod(c, 4)]
    end,
    'The ' || w.things[1 + mod(a, 20)] || ' turns slowly on ' || w.scenes[1 + mod(b, 25)] || ' with '
    || w.scenes[1 + mod(c, 25)] || ' and ' || w.scenes[1 + mod(d, 25)] || ', item ' || mod(d, 20000)
    || ', the camera moves closer to the product',
    '{}', 1000000 + a, 5.04 + 5 * mod(b, 2), (array['480p', '720p', '720p', '1080p'])[1 + mod(b, 4)],
    (array['16:9', '9:16', '1:1'])[1 + mod(c, 3)], 24, 1280, 720,
    timestamptz '2026-01-01 00:00Z' - make_interval(mins => %(count)s - n),
    md5('image' || n / 800 || mod(who, 20))::uuid,
    case when mod(d, 3) = 0 then md5('batch' || n / 8)::uuid end,
    case when mod(a, 10) < 3 then 100 * (1 + mod(d, 5)) else 0 end,
    case when mod(a, 10) < 3 then 1 else 0 end,
    100000 + mod(b, 300) * 1000,
    case when mod(b, 10) < 2 then (array['approved', 'needs_change', 'rejected'])[1 + mod(c, 3)] end,
    case when mod(b, 10) < 2 then now() end,
    case when mod(d, 5) > 0 then k.names[1 + mod(d, 30)] else '' end
from numbers
cross join people as p
cross join words as w
inner join campaigns as k on k.team_id = p.team_ids[who];

-- name: vacuum
-- What autovacuum does in its own time.
vacuum analyze studio.videos;

-- name: analyze
-- The same for the small tables.
analyze studio.people, studio.campaigns, studio.teams;

-- name: readers
-- An administrator, and a member of a team.
select p.id, p.role, p.team_id, t.name as team from studio.people as p
inner join studio.teams as t on t.id = p.team_id
where p.email in ('person1@bench.test', 'person45@bench.test')
order by p.role;

-- name: totals
-- How many videos there are, and what they and their indexes take on the disk.
select
    count(*) as videos, pg_table_size('studio.videos') as table_bytes,
    pg_indexes_size('studio.videos') as index_bytes
from studio.videos;

-- name: at_depth
-- The video so deep in the gallery.
select v.id from studio.videos as v
where v.status = 'ready' and (%(team_id)s::uuid is null or v.team_id = %(team_id)s::uuid)
order by v.created_at desc, v.id desc
offset %(depth)s limit 1;

-- name: offset_page
-- The page so deep as most galleries ask for it.
select v.id, v.title, v.created_at from studio.videos as v
where v.status = 'ready' and (%(team_id)s::uuid is null or v.team_id = %(team_id)s::uuid)
order by v.created_at desc, v.id desc
offset %(depth)s limit %(limit)s;
