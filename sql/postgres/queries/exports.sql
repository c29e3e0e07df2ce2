-- Zips of videos: asked for by people, built by whichever worker holds the lease.

-- name: insert
-- Ask for a zip.
insert into studio.exports (person_id, video_ids, rendition, name_template)
values (%(me)s, %(video_ids)s, %(rendition)s, %(name_template)s)
returning id;

-- name: of_reader
-- The reader's zips, the latest first.
select
    id, cardinality(video_ids) as videos, rendition, state, done, missing_ids, size_bytes,
    problem, created_at, expires_at
from studio.exports
where expires_at > now()
order by created_at desc, id desc
limit %(limit)s;

-- name: ready
-- A zip of the reader's that can be fetched, with the videos that are in it.
select
    id, size_bytes, created_at,
    array(
        select v from unnest(video_ids) as v where v <> all(missing_ids)
    ) as video_ids
from studio.exports
where id = %(id)s and state = 'ready' and expires_at > now();

-- name: open_count
-- How many of the reader's zips are not finished.
select count(*) as n from studio.exports
where state in ('queued', 'building') and expires_at > now();

-- name: give_up
-- The reader has no more use for a zip.
update studio.exports set expires_at = now()
where id = %(id)s and expires_at > now()
returning id;

-- name: contents
-- What the reader sees of videos, in the order asked for, each with the file to pack: that of the
-- rendition asked for, or the web one where that was not made because the video is no larger.
select
    v.id, v.title, v.tags, studio.person_name(v.person_id) as person_name,
    t.name as team_name, c.name as campaign_name, v.deleted_at, v.model, v.prompt, g.sent_prompt,
    v.parameters, v.seed, v.duration_s, v.resolution, v.aspect_ratio, v.fps, v.created_at,
    v.verdict, studio.person_name(v.verdict_by) as verdict_by_name, v.verdict_at,
    v.verdict_comment, v.rating_hundredths, v.rating_count,
    (select sum(h.amount_usd) from studio.charges as h where h.generation_id = v.id) as cost_usd,
    r.kind, r.state = 'ready' as is_ready, r.key, r.content_type, r.size_bytes, r.sha256,
    r.width, r.height
from unnest(%(ids)s::uuid []) with ordinality as wanted (id, place)
inner join studio.videos as v on v.id = wanted.id
inner join studio.teams as t on t.id = v.team_id
left join studio.campaigns as c on c.id = v.campaign_id
left join studio.generations as g on g.id = v.id
left join lateral (
    select f.* from studio.renditions as f
    where f.video_id = v.id and (
        f.kind = 'web' or (f.kind = %(rendition)s and f.state <> 'skipped'))
    order by f.kind = %(rendition)s desc
    limit 1
) as r on true
order by wanted.place;

-- name: claim
-- Lease the zip that has waited longest.
with next_one as (
    select id from studio.exports
    where state in ('queued', 'building')
        and expires_at > now()
        and tries < %(most_tries)s
        and (not_before is null or not_before <= now())
        and (lease_until is null or lease_until <= now())
    order by created_at
    limit 1
    for update skip locked
)

update studio.exports as e set
    state = 'building', done = 0,
    -- A lease that is still there was never given back: its builder died, and that was a try.
    tries = tries + (lease_token is not null)::int,
    lease_token = gen_random_uuid(),
    lease_until = now() + make_interval(secs => %(lease_s)s)
from next_one
where e.id = next_one.id
returning e.id, e.lease_token, e.person_id, e.video_ids, e.rendition, e.name_template, e.tries;

-- name: renew
-- The holder's heartbeat. No row: the lease is lost, or nobody wants the zip any more.
update studio.exports set lease_until = now() + make_interval(secs => %(lease_s)s)
where id = %(id)s and lease_token = %(lease_token)s and expires_at > now()
returning id;

-- name: note_done
-- How far the holder has come. No row: the lease is lost, or nobody wants the zip any more.
update studio.exports set done = %(done)s
where id = %(id)s and lease_token = %(lease_token)s and expires_at > now()
returning id;

-- name: finish
-- The file is in the store. No row: the lease is lost.
update studio.exports set
    state = 'ready', lease_token = null, lease_until = null, not_before = null,
    done = cardinality(video_ids), size_bytes = %(size_bytes)s, missing_ids = %(missing_ids)s,
    finished_at = now(), expires_at = now() + make_interval(secs => %(kept_s)s)
where id = %(id)s and lease_token = %(lease_token)s and expires_at > now()
returning id;

-- name: postpone
-- Give the lease back, to be tried again after a wait. No row: the lease is lost.
update studio.exports set
    state = 'queued', lease_token = null, lease_until = null, tries = tries + 1, done = 0,
    not_before = now() + make_interval(secs => %(wait_s)s)
where id = %(id)s and lease_token = %(lease_token)s
returning id;

-- name: fail
-- It can not be built. No row: the lease is lost.
update studio.exports set
    state = 'failed', lease_token = null, lease_until = null, not_before = null,
    problem = %(problem)s, finished_at = now()
where id = %(id)s and lease_token = %(lease_token)s
returning id;

-- name: fail_deadly
-- End those whose every builder died.
update studio.exports set
    state = 'failed', lease_token = null, lease_until = null, not_before = null,
    problem = %(problem)s, finished_at = now()
where state in ('queued', 'building') and tries >= %(most_tries)s
    and (lease_until is null or lease_until <= now())
returning id;

-- name: waiting
-- How many wait for a builder that could begin now.
select count(*) as n from studio.exports
where state in ('queued', 'building')
    and expires_at > now()
    and tries < %(most_tries)s
    and (not_before is null or not_before <= now())
    and (lease_until is null or lease_until <= now());

-- name: expired
-- Zips whose time is over and that nobody builds any more.
select id from studio.exports
where expires_at <= now() and (lease_until is null or lease_until <= now())
order by expires_at
limit %(limit)s;

-- name: forget
-- Their files are gone.
delete from studio.exports where id = any(%(ids)s) and expires_at <= now();
