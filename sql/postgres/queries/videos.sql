-- name: insert
-- The asset of a completed generation; fields of the request are copied from it, and so is what
-- was charged for it already.
insert into studio.videos (
    id, title, tags, person_id, team_id, campaign_id, path, poster_path, model, prompt, seed,
    parameters, size_bytes, duration_s, resolution, aspect_ratio, fps, width, height, batch_id,
    family_id, cost_microusd)
select
    g.id, g.title, g.tags, g.person_id, g.team_id, g.campaign_id, %(path)s, %(poster_path)s,
    g.model, g.prompt, %(seed)s, g.parameters, %(size_bytes)s, %(duration_s)s, g.parameters ->> 'resolution',
    %(aspect_ratio)s, %(fps)s, %(width)s, %(height)s, g.batch_id, i.family_id,
    coalesce((
        select (sum(c.amount_usd) * 1000000)::bigint from studio.charges as c
        where c.generation_id = g.id), 0)
from studio.generations as g
left join studio.product_images as i
    on i.team_id = g.team_id and i.sha256 = g.start_image ->> 'sha256'
where g.id = %(id)s;

-- name: by_id
-- One video with its names and what was asked for. No row: there is none, or it was purged.
select
    v.*, studio.person_name(v.person_id) as person_name, c.name as campaign_name
from studio.videos as v
left join studio.campaigns as c on c.id = v.campaign_id
where v.id = %(id)s and v.purge_begun_at is null;

-- name: page
-- One page of the gallery, newest first, before the video at (before_at, before_id).
select
    v.*, studio.person_name(v.person_id) as person_name, c.name as campaign_name
from studio.videos as v
left join studio.campaigns as c on c.id = v.campaign_id
where v.status = %(status)s and v.purge_begun_at is null
    and (not %(mine)s or v.person_id = %(person_id)s)
    and (%(search)s = '' or v.title ilike %(pattern)s or array_to_string(v.tags, ' ') ilike %(pattern)s)
    and (%(before_at)s::timestamptz is null
        or (v.created_at, v.id) < (%(before_at)s::timestamptz, %(before_id)s::uuid))
order by v.created_at desc, v.id desc
limit %(limit)s;

-- name: renditions_of
-- The files of some videos.
select * from studio.renditions where video_id = any(%(ids)s) order by video_id, kind;

-- name: put_rendition
-- Write down a rendition, in place of what was said of it before.
insert into studio.renditions (
    video_id, kind, state, key, content_type, size_bytes, width, height, sha256, problem)
values (
    %(video_id)s, %(kind)s, %(state)s, %(key)s, %(content_type)s, %(size_bytes)s, %(width)s,
    %(height)s, %(sha256)s, %(problem)s)
on conflict (video_id, kind) do update set
    state = excluded.state, key = excluded.key, content_type = excluded.content_type,
    size_bytes = excluded.size_bytes, width = excluded.width, height = excluded.height,
    sha256 = excluded.sha256, problem = excluded.problem, updated_at = now();

-- name: claim_render
-- Lease the video that has waited longest for its renditions.
with next_one as (
    select v.id from studio.videos as v
    where exists (
        select from studio.renditions as r where r.video_id = v.id and r.state = 'pending')
        and v.purge_begun_at is null
        and v.render_tries < %(most_tries)s
        and (v.render_not_before is null or v.render_not_before <= now())
        and (v.render_lease_until is null or v.render_lease_until <= now())
    order by v.created_at
    limit 1
    for update skip locked
)

update studio.videos as v set
    -- A lease that is still there was never given back: its worker died, and that was a try.
    render_tries = render_tries + (render_lease_token is not null)::int,
    render_lease_token = gen_random_uuid(),
    render_lease_until = now() + make_interval(secs => %(lease_s)s)
from next_one
where v.id = next_one.id
returning v.id, v.render_lease_token as lease_token;

-- name: renew_render_lease
-- The holder's heartbeat. No row: the lease is lost.
update studio.videos set render_lease_until = now() + make_interval(secs => %(lease_s)s)
where id = %(id)s and render_lease_token = %(lease_token)s
returning id;

-- name: end_render
-- Give the lease back when the renditions are done or given up. No row: the lease is lost.
update studio.videos set
    render_lease_token = null, render_lease_until = null, render_not_before = null,
    render_tries = 0
where id = %(id)s and render_lease_token = %(lease_token)s
returning id;

-- name: postpone_render
-- Give the lease back, to be tried again after a wait. No row: the lease is lost.
update studio.videos set
    render_lease_token = null, render_lease_until = null, render_tries = render_tries + 1,
    render_not_before = now() + make_interval(secs => %(wait_s)s)
where id = %(id)s and render_lease_token = %(lease_token)s
returning render_tries;
