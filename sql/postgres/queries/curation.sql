-- What people make of videos. Each statement takes many videos, changes those that the reader may
-- change (row-level security leaves the others out), writes what was before as one row that can be
-- undone, and an event for each. It returns the row's id, the videos that changed, and how many of
-- those asked for the reader sees and may change.

-- name: edit_fields
-- Change titles, tags, campaign or place in the trash.
with picked as (
    select v.id, v.team_id, studio.video_fields(v) as fields
    from studio.videos as v
    where v.id = any(%(ids)s)
        and (not %(set_campaign)s or %(campaign_id)s::uuid is null or v.team_id = (
            select c.team_id from studio.campaigns as c where c.id = %(campaign_id)s::uuid))
    for no key update
),

changed as (
    update studio.videos as v set
        title = coalesce(%(title)s, v.title),
        tags = case when %(set_tags)s
            then studio.edited_tags(v.tags, %(add_tags)s, %(remove_tags)s) else v.tags end,
        campaign_id = case when %(set_campaign)s then %(campaign_id)s::uuid else v.campaign_id end,
        status = case when %(trashed)s::boolean then 'trashed' when not %(trashed)s::boolean then 'ready'
            else v.status end,
        deleted_at = case when %(trashed)s::boolean then coalesce(v.deleted_at, now())
            when not %(trashed)s::boolean then null else v.deleted_at end,
        updated_at = now()
    from picked
    where v.id = picked.id and (
        v.title is distinct from coalesce(%(title)s, v.title)
        or (%(set_tags)s
            and v.tags is distinct from studio.edited_tags(v.tags, %(add_tags)s, %(remove_tags)s))
        or (%(set_campaign)s and v.campaign_id is distinct from %(campaign_id)s::uuid)
        or (%(trashed)s::boolean and v.status = 'ready')
        or (not %(trashed)s::boolean and v.status = 'trashed'))
    returning v.id, v.team_id, picked.fields as before, studio.video_fields(v) as after
),

noted as (
    insert into studio.video_changes (person_id, kind, items)
    select %(me)s, 'fields', jsonb_agg(
        jsonb_build_object('id', id, 'before', before, 'after', after))
    from changed
    having count(*) > 0
    returning id
),

told as (
    insert into studio.events (kind, person_id, team_id, generation_id)
    select %(event)s, %(me)s, team_id, id from changed
)

select
    (select id from noted) as change_id, array(select id from changed) as ids,
    (select count(*) from studio.videos as v where v.id = any(%(ids)s)) as seen,
    (select count(*) from picked) as allowed;

-- name: rate
-- Give stars, or take them back (null).
with picked as (
    select v.id, v.team_id, r.stars
    from studio.videos as v
    left join studio.video_ratings as r on r.video_id = v.id and r.person_id = %(me)s
    where v.id = any(%(ids)s) and r.stars is distinct from %(stars)s::smallint
),

given as (
    insert into studio.video_ratings (video_id, person_id, stars)
    select id, %(me)s, %(stars)s::smallint from picked where %(stars)s::smallint is not null
    on conflict (video_id, person_id) do update set stars = excluded.stars, rated_at = now()
),

taken as (
    delete from studio.video_ratings
    where %(stars)s::smallint is null and person_id = %(me)s
        and video_id in (select id from picked)
),

noted as (
    insert into studio.video_changes (person_id, kind, items)
    select %(me)s, 'rating', jsonb_agg(
        jsonb_build_object('id', id, 'before', stars, 'after', %(stars)s::smallint))
    from picked
    having count(*) > 0
    returning id
),

told as (
    insert into studio.events (kind, person_id, team_id, generation_id, detail)
    select 'rated', %(me)s, team_id, id, jsonb_build_object('stars', %(stars)s::smallint)
    from picked
)

select
    (select id from noted) as change_id, array(select id from picked) as ids,
    n.seen, n.seen as allowed
from (select count(*) as seen from studio.videos as v where v.id = any(%(ids)s)) as n;

-- name: favour
-- Make videos favourites, or no favourites any more.
with picked as (
    select v.id, v.team_id
    from studio.videos as v
    left join studio.video_favourites as f on f.video_id = v.id and f.person_id = %(me)s
    where v.id = any(%(ids)s) and (f.video_id is not null) is distinct from %(favourite)s
),

added as (
    insert into studio.video_favourites (person_id, video_id)
    select %(me)s, id from picked where %(favourite)s
    on conflict (person_id, video_id) do nothing
),

removed as (
    delete from studio.video_favourites
    where not %(favourite)s and person_id = %(me)s and video_id in (select id from picked)
),

noted as (
    insert into studio.video_changes (person_id, kind, items)
    select %(me)s, 'favourite', jsonb_agg(
        jsonb_build_object('id', id, 'before', not %(favourite)s, 'after', %(favourite)s))
    from picked
    having count(*) > 0
    returning id
),

told as (
    insert into studio.events (kind, person_id, team_id, generation_id)
    select 'favourited', %(me)s, team_id, id from picked where %(favourite)s
)

select
    (select id from noted) as change_id, array(select id from picked) as ids,
    n.seen, n.seen as allowed
from (select count(*) as seen from studio.videos as v where v.id = any(%(ids)s)) as n;

-- name: judge
-- Give a verdict with a comment, or withdraw it (null). The same verdict with another comment is a
-- new one.
with picked as (
    select v.id, v.team_id, v.verdict, v.verdict_comment
    from studio.videos as v
    where v.id = any(%(ids)s) and (
        v.verdict is distinct from %(verdict)s
        or (v.verdict is not null and v.verdict_comment is distinct from %(comment)s))
),

judged as (
    insert into studio.video_verdicts (video_id, person_id, verdict, comment)
    select id, %(me)s, %(verdict)s, %(comment)s from picked
),

noted as (
    insert into studio.video_changes (person_id, kind, items)
    select %(me)s, 'verdict', jsonb_agg(jsonb_build_object(
        'id', id,
        'before', jsonb_build_object('verdict', verdict, 'comment', verdict_comment),
        'after', jsonb_build_object('verdict', %(verdict)s::text, 'comment', %(comment)s::text)))
    from picked
    having count(*) > 0
    returning id
),

told as (
    insert into studio.events (kind, person_id, team_id, generation_id)
    select coalesce(%(verdict)s, 'verdict_withdrawn'), %(me)s, team_id, id from picked
)

select
    (select id from noted) as change_id, array(select id from picked) as ids,
    n.seen, n.seen as allowed
from (select count(*) as seen from studio.videos as v where v.id = any(%(ids)s)) as n;

-- name: begin_undo
-- Take a change of the reader's for undoing. No row: undone already, or not theirs.
update studio.video_changes set undone_at = clock_timestamp()
where id = %(change_id)s and person_id = %(me)s and undone_at is null
returning kind;

-- name: undo_fields
-- Put fields back where nobody has changed them since.
with items as (
    select i.* from studio.video_changes as c
    cross join jsonb_to_recordset(c.items) as i (id uuid, before jsonb, after jsonb)
    where c.id = %(change_id)s
)

update studio.videos as v set
    title = i.before ->> 'title',
    tags = array(select jsonb_array_elements_text(i.before -> 'tags')),
    campaign_id = (i.before ->> 'campaign_id')::uuid,
    status = i.before ->> 'status',
    deleted_at = (i.before ->> 'deleted_at')::timestamp at time zone 'utc',
    updated_at = now()
from items as i
where v.id = i.id and studio.video_fields(v) = i.after
returning v.id;

-- name: undo_rating
-- Put the reader's stars back where they have given no others since.
with items as (
    select i.* from studio.video_changes as c
    cross join jsonb_to_recordset(c.items) as i (id uuid, before smallint, after smallint)
    left join studio.video_ratings as r on r.video_id = i.id and r.person_id = %(me)s
    where c.id = %(change_id)s and r.stars is not distinct from i.after
        and exists (select from studio.videos as v where v.id = i.id)
),

given as (
    insert into studio.video_ratings (video_id, person_id, stars)
    select id, %(me)s, before from items where before is not null
    on conflict (video_id, person_id) do update set stars = excluded.stars, rated_at = now()
),

taken as (
    delete from studio.video_ratings
    where person_id = %(me)s and video_id in (select id from items where before is null)
)

select id from items;

-- name: undo_favourite
-- Make favourites what they were before.
with items as (
    select i.* from studio.video_changes as c
    cross join jsonb_to_recordset(c.items) as i (id uuid, before boolean, after boolean)
    where c.id = %(change_id)s
        and exists (select from studio.videos as v where v.id = i.id)
),

added as (
    insert into studio.video_favourites (person_id, video_id)
    select %(me)s, id from items where before
    on conflict (person_id, video_id) do nothing
),

removed as (
    delete from studio.video_favourites
    where person_id = %(me)s and video_id in (select id from items where not before)
)

select id from items;

-- name: undo_verdict
-- Give the verdict from before again where nobody has judged since.
with items as (
    select i.id, i.before from studio.video_changes as c
    cross join jsonb_to_recordset(c.items) as i (id uuid, before jsonb, after jsonb)
    inner join studio.videos as v on v.id = i.id
    where c.id = %(change_id)s
        and v.verdict is not distinct from (i.after ->> 'verdict')
        and (v.verdict is null or v.verdict_comment is not distinct from (i.after ->> 'comment'))
)

insert into studio.video_verdicts (video_id, person_id, verdict, comment)
select id, %(me)s, before ->> 'verdict', coalesce(before ->> 'comment', '') from items
returning video_id as id;

-- name: verdicts_of
-- Every verdict on a video, first to last.
select
    j.id, j.person_id, studio.person_name(j.person_id) as person_name, j.verdict, j.comment, j.at
from studio.video_verdicts as j
where j.video_id = %(video_id)s
order by j.id;

-- name: opinion_of
-- What the reader and everybody think of a video.
select
    v.rating_hundredths, v.rating_count, r.stars as my_stars,
    f.video_id is not null as favourite,
    v.verdict, v.verdict_by, studio.person_name(v.verdict_by) as verdict_by_name, v.verdict_at,
    v.verdict_comment, v.family_id, v.batch_id
from studio.videos as v
left join studio.video_ratings as r on r.video_id = v.id and r.person_id = %(me)s
left join studio.video_favourites as f on f.video_id = v.id and f.person_id = %(me)s
where v.id = %(video_id)s;

-- name: note_videos
-- Events of one kind about videos that the reader sees.
insert into studio.events (kind, person_id, team_id, generation_id, detail)
select %(kind)s, %(me)s, v.team_id, v.id, %(detail)s
from studio.videos as v where v.id = any(%(ids)s);

-- name: searches
-- The reader's saved searches and those shared with them, by name.
select
    s.id, s.name, s.filters, s.shared, s.person_id,
    studio.person_name(s.person_id) as person_name, s.updated_at
from studio.saved_searches as s
order by s.person_id <> %(me)s, lower(s.name), s.id;

-- name: save_search
-- Keep a search under a name; one of the reader's with this name is replaced.
insert into studio.saved_searches (person_id, team_id, name, filters, shared)
values (%(me)s, %(team_id)s, %(name)s, %(filters)s, %(shared)s)
on conflict (person_id, lower(name)) do update set
    name = excluded.name, filters = excluded.filters, shared = excluded.shared,
    updated_at = now()
returning id;

-- name: delete_search
-- Forget a saved search. No row: there is none that the reader may delete.
delete from studio.saved_searches where id = %(id)s returning id;
