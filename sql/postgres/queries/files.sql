-- name: store
-- The mark of the store that holds this record's files, and since when the mark is there.
select id, marked_at from studio.file_store;

-- name: note_mark
-- The store carries the mark now.
update studio.file_store set marked_at = coalesce(marked_at, now());

-- name: next_ended
-- The next generations of a round that have ended, by id.
select id from studio.generations
where id > coalesce(%(after_id)s, '00000000-0000-0000-0000-000000000000'::uuid)
    and finished_at is not null
order by id
limit %(limit)s;

-- name: round
-- How far a round has come.
select after_id, ended_at, removed from studio.file_rounds where rule = %(rule)s;

-- name: note_round
-- Go on after this generation; null: the round is over.
update studio.file_rounds set
    after_id = %(after_id)s,
    ended_at = case when %(after_id)s::uuid is null then now() else ended_at end
where rule = %(rule)s;

-- name: note_removed
-- So many more left-over files were removed.
update studio.file_rounds set removed = removed + %(count)s where rule = %(rule)s;

-- name: ended
-- A generation that has ended, with what decides about its files. No row: it has not ended. One
-- that lost its video row is left to a person, and so are its files.
select
    g.id, g.person_id, g.team_id, v.purge_begun_at is not null as purging,
    coalesce(v.render_lease_until > now(), false)
    or exists (select from studio.renditions as r where r.video_id = g.id and r.state = 'pending')
        as busy,
    g.status = 'completed' and v.id is null as broken
from studio.generations as g
left join studio.videos as v on v.id = g.id
where g.id = %(id)s and g.finished_at is not null;

-- name: lock_video
-- Keep a video as it is until the transaction ends. No row: the generation left none.
select id from studio.videos where id = %(id)s for update;

-- name: forget_tries
-- Begin anew to count how often a video's files were tried to be made.
update studio.videos set render_tries = 0, render_not_before = null where id = %(id)s;

-- name: mark_lost
-- A file that was there is gone and nothing can make it again; where it was is kept.
update studio.renditions set state = 'failed', problem = %(problem)s, updated_at = now()
where video_id = %(id)s and kind = %(kind)s and state = 'ready';

-- name: mark_found
-- A file that was lost is back.
update studio.renditions set state = 'ready', problem = null, updated_at = now()
where video_id = %(id)s and kind = %(kind)s and state = 'failed' and key is not null;

-- name: lost
-- Every file of a video that was there, is gone, and can't be made again. Not of trashed ones:
-- somebody has decided about those.
select r.key, r.problem from studio.renditions as r
inner join studio.videos as v on v.id = r.video_id
where r.state = 'failed' and r.key is not null and v.status = 'ready'
order by r.key;

-- name: render_again
-- Let renditions that could not be made be tried again, those of patient videos only.
update studio.renditions as r set state = 'pending', problem = null, updated_at = now()
from studio.videos as v
where v.id = r.video_id and r.state = 'failed' and r.key is null
    and r.updated_at < now() - make_interval(secs => %(wait_s)s)
    and v.render_tries < %(most_tries)s and v.purge_begun_at is null
returning r.video_id;

-- name: give_up_renders
-- Renditions that stay pending although every try is used up: their workers died each time.
update studio.renditions as r set state = 'failed', problem = %(problem)s, updated_at = now()
from studio.videos as v
where v.id = r.video_id and r.state = 'pending' and v.render_tries >= %(most_tries)s
    and (v.render_lease_until is null or v.render_lease_until <= now())
returning r.video_id;

-- name: claim_deadly
-- Lease a generation whose collecting has killed a worker too often.
with next_one as (
    select id from studio.generations
    where status = 'collecting' and deaths >= %(most_deaths)s
        and (lease_until is null or lease_until <= now())
    limit 1
    for update skip locked
)

update studio.generations as g
set lease_token = gen_random_uuid(), lease_until = now() + make_interval(secs => %(lease_s)s)
from next_one
where g.id = next_one.id
returning g.id, g.lease_token;

-- name: unnamed_inputs
-- Which of these keys no generation and no family of product images names.
select k.key from unnest(%(keys)s::text []) as k (key)
where not exists (select from studio.generations as g where g.start_image ->> 'key' = k.key)
    and not exists (
        select from studio.generations as g
        where g.end_image is not null and g.end_image ->> 'key' = k.key)
    and not exists (select from studio.product_images as i where i.key = k.key);

-- name: hold_input
-- Whoever names this image keeps it from being removed as unused until the transaction ends.
select pg_advisory_xact_lock_shared(727274005, hashtext(%(key)s));

-- name: take_input
-- Whether nobody is about to name this image; nobody can before the transaction ends.
select pg_try_advisory_xact_lock(727274005, hashtext(%(key)s)) as taken;

-- name: known_generations
-- Which of these generations the record knows, and whether each has all the files that it will have.
select
    g.id,
    g.finished_at is not null
    and (g.status <> 'completed' or exists (select from studio.videos as v where v.id = g.id))
    and not exists (
        select from studio.renditions as r where r.video_id = g.id and r.state = 'pending')
        as settled
from studio.generations as g
where g.id = any(%(ids)s);

-- name: begin_purges
-- Take videos that were in the trash long enough out of everybody's reach; also those whose purge
-- was begun before and not ended.
with overdue as (
    select id from studio.videos
    where status = 'trashed' and purge_begun_at is null
        and deleted_at < now() - make_interval(days => %(trash_days)s)
        and (render_lease_until is null or render_lease_until <= now())
    order by deleted_at
    limit %(limit)s
    for update skip locked
),

begun as (
    update studio.videos as v set purge_begun_at = now() from overdue where v.id = overdue.id
    returning v.id
)

select id from begun
union all
(
    select id from studio.videos
    where purge_begun_at is not null and purged_at is null
    order by purge_begun_at
    limit %(limit)s
);

-- name: end_purge
-- A video's files are gone. No row: it was noted before.
update studio.videos set purged_at = now()
where id = %(id)s and purge_begun_at is not null and purged_at is null
returning person_id, team_id;

-- name: forget_renditions
-- What was said of a purged video's files.
delete from studio.renditions where video_id = %(id)s;

-- name: purges_due
-- Videos that should be purged by now: begun, or in the trash past their time.
select
    count(*) filter (where purge_begun_at is not null) as half_deleted,
    count(*) filter (where purge_begun_at is null) as overdue
from studio.videos
where status = 'trashed' and purged_at is null
    and (purge_begun_at is not null
        or deleted_at < now() - make_interval(days => %(trash_days)s));
