-- name: find
-- The copy of a file, when it is the file that the record names.
select c.cdn_key, c.sha256
from studio.cdn_copies as c
join studio.renditions as r on r.key = c.key and r.sha256 = c.sha256 and r.state = 'ready'
where c.key = %(key)s and c.state = 'ready';

-- name: release
-- Copies of these files are to go. One that is just being made is taken up when that has ended.
update studio.cdn_copies set
    state = 'leaving', tries = 0, problem = null,
    due_at = case when state = 'copying' then due_at else now() end
where key = any(%(keys)s) and state <> 'leaving';

-- name: release_trashed
-- Copies of videos that went to the trash since a moment are to go.
update studio.cdn_copies as c set
    state = 'leaving', tries = 0, problem = null,
    due_at = case when c.state = 'copying' then c.due_at else now() end
from studio.videos as v
join studio.renditions as r on r.video_id = v.id
where v.status = 'trashed' and v.updated_at >= %(since)s and c.key = r.key
    and c.state <> 'leaving';

-- name: release_unnamed
-- Copies of files that the record does not name any more are to go.
update studio.cdn_copies as c set
    state = 'leaving', tries = 0, problem = null,
    due_at = case when c.state = 'copying' then c.due_at else now() end
where c.state <> 'leaving'
    and not exists (select from studio.renditions as r where r.key = c.key);

-- name: claim_missing
-- Files of videos changed since a moment that the CDN does not have as they are: newest first, each
-- taken by one process for a while. The played file is named by its resolution, unless a smaller
-- rendition has that name.
with wanted as (
    select r.key, r.sha256, r.content_type,
        case when r.kind = 'web' and not exists (
            select from studio.renditions as p
            where p.video_id = v.id and p.kind = v.resolution and p.state <> 'skipped')
        then 'videos/' || v.id || '/' || v.resolution || '.mp4' else r.key end as cdn_key
    from studio.videos as v
    join studio.renditions as r on r.video_id = v.id
    left join studio.cdn_copies as c on c.key = r.key
    where v.status = 'ready' and v.updated_at >= %(since)s
        and r.state = 'ready' and r.kind <> 'original'
        and (c.key is null or (
            c.due_at <= now() and c.state <> 'leaving'
            and (c.state = 'copying' or c.sha256 <> r.sha256)))
    order by v.updated_at desc
    limit %(limit)s
),
claimed as (
    insert into studio.cdn_copies as c (key, cdn_key, due_at)
    select key, cdn_key, now() + make_interval(secs => %(lease_s)s) from wanted
    on conflict (key) do update set state = 'copying', due_at = excluded.due_at
    where c.due_at <= now() and c.state <> 'leaving'
    returning key, cdn_key, tries, sha256
)
select w.key, c.cdn_key, w.sha256, w.content_type, c.tries, c.sha256 as former_sha256
from claimed as c
join wanted as w on w.key = c.key;

-- name: note_copied
-- The CDN has this file. A copy that was to go meanwhile goes now.
update studio.cdn_copies set
    sha256 = %(sha256)s, state = case state when 'copying' then 'ready' else state end,
    due_at = now(), tries = 0, problem = null
where key = %(key)s;

-- name: claim_leaving
-- Copies that are to go, each taken by one process for a while.
update studio.cdn_copies set due_at = now() + make_interval(secs => %(lease_s)s)
where key in (
    select key from studio.cdn_copies
    where state = 'leaving' and due_at <= now()
    order by due_at limit %(limit)s for update skip locked)
returning key, cdn_key, sha256, tries;

-- name: note_gone
-- The CDN does not have this file any more.
delete from studio.cdn_copies where key = %(key)s and state = 'leaving';

-- name: postpone
-- It did not work; somebody tries again after a while.
update studio.cdn_copies set
    tries = tries + 1, problem = %(problem)s, due_at = now() + make_interval(secs => %(wait_s)s)
where key = %(key)s;

-- name: ask_purge
-- The caches of the CDN have to forget these addresses.
insert into studio.cdn_purges (url) select unnest(%(urls)s::text []);

-- name: claim_purges
-- Addresses to purge, oldest first, each taken by one process for a while.
update studio.cdn_purges set due_at = now() + make_interval(secs => %(lease_s)s)
where id in (
    select id from studio.cdn_purges
    where due_at <= now() order by due_at, id limit %(limit)s for update skip locked)
returning id, url, tries;

-- name: note_purged
-- The caches have forgotten these addresses.
delete from studio.cdn_purges where id = any(%(ids)s);

-- name: postpone_purges
-- They have not; somebody tries again after a while.
update studio.cdn_purges set
    tries = tries + 1, problem = %(problem)s, due_at = now() + make_interval(secs => %(wait_s)s)
where id = any(%(ids)s);

-- name: troubles
-- What the CDN could not be brought to, and how often each was tried.
select key as subject, state as what, tries, problem from studio.cdn_copies
where state <> 'ready' and problem is not null
union all
select url, 'purge', tries, problem from studio.cdn_purges where problem is not null
order by 3 desc, 1;

-- name: ready_keys
-- Every copy whose address is given out.
select cdn_key from studio.cdn_copies where state = 'ready';

-- name: copy_again
-- Copies that somebody removed from the bucket.
update studio.cdn_copies set state = 'copying', due_at = now()
where cdn_key = any(%(cdn_keys)s) and state = 'ready';
