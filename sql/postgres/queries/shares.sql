-- name: make
-- A link to a video that the reader sees and that is not in the trash; else no row.
insert into studio.shares (
    video_id, team_id, person_id, token_sha256, expires_at, password_hash, allow_download,
    wants_verdict)
select
    v.id, v.team_id, %(me)s, %(token_sha256)s, %(expires_at)s, %(password_hash)s,
    %(allow_download)s, %(wants_verdict)s
from studio.videos as v where v.id = %(video_id)s and v.status = 'ready'
returning id;

-- name: of_video
-- The links to a video that the reader may manage, newest first.
select
    s.id, s.video_id, s.team_id, s.person_id, studio.person_name(s.person_id) as person_name,
    s.created_at, s.expires_at, s.revoked_at, s.has_password, s.allow_download, s.wants_verdict,
    s.view_count, s.download_count, s.last_viewed_at,
    s.revoked_at is null and s.expires_at > now() as works
from studio.shares as s
where s.video_id = %(video_id)s
order by s.created_at desc, s.id;

-- name: revoke
-- End a link for good. No row: there is none that the reader may end, or it is revoked already.
update studio.shares set revoked_at = now(), revoked_by = %(me)s
where id = %(id)s and revoked_at is null
returning id, video_id;

-- name: set_expiry
-- Let a link work until another time. No row: there is none that the reader may change.
update studio.shares set expires_at = %(expires_at)s
where id = %(id)s and revoked_at is null
returning id, video_id;

-- name: find
-- The link behind a token, whatever became of it, with what its guests may do.
select
    s.id, s.video_id, s.team_id, s.expires_at, s.password_hash, s.allow_download, s.wants_verdict,
    extract(epoch from s.expires_at - now())::double precision as left_s,
    s.revoked_at is null and s.expires_at > now()
    and v.status = 'ready' and v.purge_begun_at is null as works
from studio.shares as s
inner join studio.videos as v on v.id = s.video_id
where s.token_sha256 = %(token_sha256)s;

-- name: count_view
-- A guest began to watch.
update studio.shares set view_count = view_count + 1, last_viewed_at = now() where id = %(id)s;

-- name: count_download
-- A guest began to take the file home.
update studio.shares set download_count = download_count + 1 where id = %(id)s;

-- name: add_verdict
-- What a guest thinks, unless the link has as many verdicts as it takes. No row: it has.
insert into studio.guest_verdicts (share_id, video_id, verdict, name, comment)
select %(share_id)s, %(video_id)s, %(verdict)s, %(name)s, %(comment)s
where (select count(*) from studio.guest_verdicts where share_id = %(share_id)s) < %(most)s
returning id;

-- name: verdicts_of
-- What guests think of a video, newest first.
select g.id, g.share_id, g.verdict, g.name, g.comment, g.at
from studio.guest_verdicts as g
where g.video_id = %(video_id)s
order by g.id desc;
