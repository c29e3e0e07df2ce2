-- name: begin_run
-- Note that a question is asked.
insert into studio.query_runs (person_id, team_id, sql, parameters, demo)
values (%(person_id)s, %(team_id)s, %(sql)s, %(parameters)s, %(demo)s)
returning id;

-- name: end_run
-- Note how it ended. No row: that was noted before.
update studio.query_runs
set outcome = %(outcome)s, seconds = %(seconds)s, row_count = %(row_count)s
where id = %(id)s and outcome is null
returning id;

-- name: runs
-- The reader's latest runs, newest first; an administrator may ask for everybody's.
select
    r.id, r.person_id, studio.person_name(r.person_id) as person_name, r.sql,
    r.parameters, r.demo, r.began_at, r.outcome, r.seconds, r.row_count
from studio.query_runs as r
where %(everybody)s or r.person_id = %(me)s
order by r.began_at desc
limit %(most)s;

-- name: saved
-- The reader's queries by name, then those shared with them; the last version of each.
select
    q.id, q.person_id, studio.person_name(q.person_id) as person_name, q.name, q.shared_with,
    v.version, v.sql, v.chart, v.at
from studio.saved_queries as q
inner join lateral (
    select s.* from studio.saved_query_versions as s
    where s.query_id = q.id order by s.version desc limit 1) as v on true
order by q.person_id <> %(me)s, lower(q.name), q.id;

-- name: versions
-- Every version of a query, newest first.
select v.version, v.sql, v.chart, v.at
from studio.saved_query_versions as v
where v.query_id = %(id)s
order by v.version desc;

-- name: save
-- Keep a query under a name, or take hold of the reader's own of that name, until the end of the
-- transaction.
insert into studio.saved_queries (person_id, team_id, name, shared_with)
values (%(me)s, %(team_id)s, %(name)s, %(shared_with)s)
on conflict (person_id, lower(name)) do update set
    name = excluded.name, shared_with = excluded.shared_with, updated_at = now()
returning id;

-- name: add_version
-- Add a version if it says something else than the last one. No row: it does not.
insert into studio.saved_query_versions (query_id, version, sql, chart)
select
    %(id)s, coalesce(max(v.version), 0) + 1, %(sql)s, %(chart)s
from studio.saved_query_versions as v
where v.query_id = %(id)s
having coalesce((array_agg(v.sql order by v.version desc))[1], '') <> %(sql)s
    or coalesce((array_agg(v.chart order by v.version desc))[1], '{}') <> %(chart)s::jsonb
returning version;

-- name: forget
-- Delete a query with its versions. No row: there is none that the reader may delete.
delete from studio.saved_queries where id = %(id)s returning id;
