-- The gallery: pages of cards by key, never by offset. A statement has places for parts
-- (`/*filters*/`, `/*after*/`, `/*order*/`); storage/records/gallery.py and gallery_plan.py put
-- fragments of this file there, never words from outside, which are parameters always. Fragments
-- speak of the video as `v`. Filters name the reader's team although a policy does so too: what a
-- policy adds is checked row by row where an index can't be used for it.

-- name: cards
-- One page of cards.
select
    v.id, v.title, v.tags, v.person_id, studio.person_name(v.person_id) as person_name,
    v.team_id, v.campaign_id, c.name as campaign_name, v.model, v.resolution, v.aspect_ratio,
    v.duration_s, v.width, v.height, v.created_at, v.deleted_at, v.family_id, v.batch_id,
    v.rating_hundredths, v.rating_count, v.duration_ms, v.cost_microusd as cost_key,
    v.verdict, v.render_pending, v.has_poster, v.has_preview,
    case
        when v.person_id = %(me)s or (select studio.my_role()) in ('manager', 'admin')
            then v.cost_microusd
    end as cost_microusd,
    mine.stars as my_stars, liked.video_id is not null as favourite
from (
    select
        v.*,
        exists (
            select from studio.renditions as r
            where r.video_id = v.id and r.state = 'pending') as render_pending,
        exists (
            select from studio.renditions as r
            where r.video_id = v.id and r.kind = 'poster' and r.state = 'ready') as has_poster,
        exists (
            select from studio.renditions as r
            where r.video_id = v.id and r.kind = 'preview' and r.state = 'ready') as has_preview
    from studio.videos as v
    where true /*filters*/ /*after*/
    order by /*order*/
    limit %(limit)s
) as v
left join studio.campaigns as c on c.id = v.campaign_id
left join studio.video_ratings as mine on mine.video_id = v.id and mine.person_id = %(me)s
left join studio.video_favourites as liked
    on liked.video_id = v.id and liked.person_id = %(me)s
order by /*order*/;

-- name: ids
-- Ids of one page.
select v.id from studio.videos as v
where true /*filters*/ /*after*/
order by /*order*/
limit %(limit)s;

-- name: heads
-- One page of groups by their newest video: those of which no newer one is in the view.
select h.id, h.created_at, h.group_key
from (
    select v.id, v.created_at, /*group_key*/ as group_key from studio.videos as v
    where true /*filters*/ /*grouped*/ /*after*/
) as h
where not exists (
    select from studio.videos as v
    where true /*filters*/ /*grouped*/
        and /*group_key*/ = h.group_key
        and (v.created_at, v.id) > (h.created_at, h.id))
order by h.created_at desc, h.id desc
limit %(limit)s;

-- name: campaign_heads
-- The campaigns of the view with the newest video of each, newest first.
select h.id, h.created_at, c.id as group_key
from studio.campaigns as c
cross join lateral (
    select v.id, v.created_at from studio.videos as v
    where v.campaign_id = c.id /*filters*/
    order by v.created_at desc, v.id desc
    limit 1
) as h
where %(after_at)s::timestamptz is null
    or (h.created_at, h.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)
order by h.created_at desc, h.id desc
limit %(limit)s;

-- name: group_counts
-- How many videos of the view each of these groups has, `most` at most.
select k.group_key, n.n
from unnest(%(keys)s::uuid []) as k (group_key)
cross join lateral (
    select count(*) as n from (
        select from studio.videos as v
        where /*group_key*/ = k.group_key /*filters*/
        limit %(most)s
    ) as counted
) as n;

-- name: count
-- How many there are, `most` at most.
select count(*) as n from (
    select from studio.videos as v
    where true /*filters*/
    limit %(most)s
) as counted;

-- name: key_of
-- Where a video stands in every order, whatever the filters. No row: not visible.
select id, created_at, rating_hundredths, cost_microusd as cost_key, duration_ms
from studio.videos where id = %(id)s;

-- name: words_of
-- What was typed, as a query. Null: nothing in it can be looked for.
select studio.search_query(%(search)s, %(tags)s) as words;

-- name: search
-- Ids of the videos with these words. Null: too many to be looked up one by one.
select studio.find_few(%(words)s::tsquery, %(team_id)s, %(most)s) as ids;

-- name: teams
-- Teams that the reader may see, by name.
select id, name from studio.teams order by lower(name), id;

-- name: models_in_use
-- Models of the reader's videos, found by jumping from one to the next in the index.
with recursive found as (
    (select v.model from studio.videos as v where true /*filters*/ order by v.model limit 1)
    union all
    select (
        select v.model from studio.videos as v
        where v.model > found.model /*filters*/
        order by v.model limit 1)
    from found where found.model is not null
)

select model from found where model is not null;

-- name: people_in_use
-- People with videos, those who left the team too, by name.
with recursive found as (
    (select v.person_id from studio.videos as v
    where true /*filters*/ order by v.person_id limit 1)
    union all
    select (
        select v.person_id from studio.videos as v
        where v.person_id > found.person_id /*filters*/
        order by v.person_id limit 1)
    from found where found.person_id is not null
)

select person_id as id, studio.person_name(person_id) as name
from found where person_id is not null
order by lower(studio.person_name(person_id)), person_id;

-- name: campaigns_in_use
-- Campaigns with videos, archived ones too, by name.
select c.id, c.name, c.archived_at is not null as archived from studio.campaigns as c
where exists (select from studio.videos as v where v.campaign_id = c.id /*filters*/)
order by c.archived_at is not null, lower(c.name), c.id;

-- name: recent_tags
-- Tags of the latest 500 videos, most used first.
select t.tag, count(*) as n
from (
    select v.tags from studio.videos as v
    where true /*filters*/
    order by v.created_at desc, v.id desc
    limit 500
) as v
cross join lateral unnest(v.tags) as t (tag)
group by t.tag
order by count(*) desc, t.tag
limit %(limit)s;

-- name: generations
-- The reader's own generations that left no video, newest first: those on their way, or those that
-- failed or were stopped.
select
    g.id, g.title, g.status, g.cause, g.problem, g.todo, g.model, g.prompt, g.campaign_id,
    c.name as campaign_name, g.created_at, g.finished_at, g.estimate_usd
from studio.generations as g
left join studio.campaigns as c on c.id = g.campaign_id
where g.person_id = %(me)s and g.status = any(%(statuses)s)
    and (%(after_at)s::timestamptz is null
        or (g.created_at, g.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
order by g.created_at desc, g.id desc
limit %(limit)s;

-- name: status_ready
-- Fragment: not in the trash.
and v.status = 'ready';

-- name: status_trashed
-- Fragment: in the trash.
and v.status = 'trashed';

-- name: where_reader_team
-- Fragment: of the reader's team.
and v.team_id = %(reader_team_id)s;

-- name: where_found
-- Fragment: one of the few that the search has found.
and v.id = any(%(found)s);

-- name: where_words
-- Fragment: with these words and tags, which many have.
and v.words @@ %(words)s::tsquery;

-- name: where_ids
-- Fragment: one of those that a page shows already.
and v.id = any(%(ids)s);

-- name: where_nothing
-- Fragment: what was typed can't be in any video.
and false;

-- name: where_team
-- Fragment: of one team.
and v.team_id = %(team_id)s;

-- name: where_teams
-- Fragment: of these teams.
and v.team_id = any(%(team_ids)s);

-- name: where_campaign
-- Fragment: of one campaign.
and v.campaign_id = %(campaign_id)s;

-- name: where_campaigns
-- Fragment: of these campaigns.
and v.campaign_id = any(%(campaign_ids)s);

-- name: where_no_campaign
-- Fragment: of no campaign.
and v.campaign_id is null;

-- name: where_person
-- Fragment: of one person.
and v.person_id = %(person_id)s;

-- name: where_people
-- Fragment: of these people.
and v.person_id = any(%(person_ids)s);

-- name: where_model
-- Fragment: made with one model.
and v.model = %(model)s;

-- name: where_models
-- Fragment: made with these models.
and v.model = any(%(models)s);

-- name: where_ratio
-- Fragment: of one ratio.
and v.aspect_ratio = %(ratio)s;

-- name: where_ratios
-- Fragment: of these ratios.
and v.aspect_ratio = any(%(ratios)s);

-- name: where_resolution
-- Fragment: of one resolution.
and v.resolution = %(resolution)s;

-- name: where_resolutions
-- Fragment: of these resolutions.
and v.resolution = any(%(resolutions)s);

-- name: check_ratio
-- Fragment: of one ratio, beside something that is better looked for (no index has `is true`).
and (v.aspect_ratio = %(ratio)s) is true;

-- name: check_resolution
-- Fragment: of one resolution, beside something that is better looked for.
and (v.resolution = %(resolution)s) is true;

-- name: check_verdict
-- Fragment: judged so, beside something that is better looked for.
and (v.verdict = %(verdict)s) is true;

-- name: where_since
-- Fragment: from the beginning of this day on, in the company's time zone.
and v.created_at >= (%(since)s::date)::timestamp at time zone %(zone)s;

-- name: where_until
-- Fragment: up to the end of this day, in the company's time zone.
and v.created_at < (%(until)s::date + 1)::timestamp at time zone %(zone)s;

-- name: where_min_s
-- Fragment: at least this long, as seconds are shown (5.04 is 5).
and v.duration_ms >= %(min_s)s * 1000 - 500;

-- name: where_max_s
-- Fragment: at most this long, as seconds are shown.
and v.duration_ms < %(max_s)s * 1000 + 500;

-- name: where_min_rating
-- Fragment: at least so many stars on average.
and v.rating_hundredths >= %(min_rating)s * 100;

-- name: where_verdict
-- Fragment: judged so.
and v.verdict = %(verdict)s;

-- name: where_verdicts
-- Fragment: judged in one of these ways.
and v.verdict = any(%(verdicts)s);

-- name: where_unjudged
-- Fragment: not judged yet.
and v.verdict is null;

-- name: where_favourite
-- Fragment: a favourite of the reader.
and exists (
    select from studio.video_favourites as f
    where f.video_id = v.id and f.person_id = %(me)s);

-- name: where_family
-- Fragment: made from this product image.
and v.family_id = %(family_id)s;

-- name: where_batch
-- Fragment: made in this batch.
and v.batch_id = %(batch_id)s;

-- name: order_created_desc
-- Fragment: newest first.
v.created_at desc, v.id desc;

-- name: order_created_asc
-- Fragment: oldest first.
v.created_at, v.id;

-- name: order_rating_desc
-- Fragment: most stars first.
v.rating_hundredths desc, v.id desc;

-- name: order_rating_asc
-- Fragment: fewest stars first.
v.rating_hundredths, v.id;

-- name: order_cost_desc
-- Fragment: dearest first.
v.cost_microusd desc, v.id desc;

-- name: order_cost_asc
-- Fragment: cheapest first.
v.cost_microusd, v.id;

-- name: order_length_desc
-- Fragment: longest first.
v.duration_ms desc, v.id desc;

-- name: order_length_asc
-- Fragment: shortest first.
v.duration_ms, v.id;

-- name: after_created_desc
-- Fragment: behind the key, newest first.
and (v.created_at, v.id) < (%(key)s::timestamptz, %(key_id)s::uuid);

-- name: after_created_asc
-- Fragment: behind the key, oldest first.
and (v.created_at, v.id) > (%(key)s::timestamptz, %(key_id)s::uuid);

-- name: after_rating_desc
-- Fragment: behind the key, most stars first.
and (v.rating_hundredths, v.id) < (%(key)s::integer, %(key_id)s::uuid);

-- name: after_rating_asc
-- Fragment: behind the key, fewest stars first.
and (v.rating_hundredths, v.id) > (%(key)s::integer, %(key_id)s::uuid);

-- name: after_cost_desc
-- Fragment: behind the key, dearest first.
and (v.cost_microusd, v.id) < (%(key)s::bigint, %(key_id)s::uuid);

-- name: after_cost_asc
-- Fragment: behind the key, cheapest first.
and (v.cost_microusd, v.id) > (%(key)s::bigint, %(key_id)s::uuid);

-- name: after_length_desc
-- Fragment: behind the key, longest first.
and (v.duration_ms, v.id) < (%(key)s::integer, %(key_id)s::uuid);

-- name: after_length_asc
-- Fragment: behind the key, shortest first.
and (v.duration_ms, v.id) > (%(key)s::integer, %(key_id)s::uuid);

-- name: by_family
-- Fragment: what groups by product image.
v.family_id;

-- name: by_batch
-- Fragment: what groups by batch.
v.batch_id;

-- name: by_campaign
-- Fragment: what groups by campaign.
v.campaign_id;

-- name: in_family
-- Fragment: only videos whose product image is known.
and v.family_id is not null;

-- name: in_batch
-- Fragment: only videos of a batch.
and v.batch_id is not null;
