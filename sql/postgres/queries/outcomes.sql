-- name: decide
-- A person decides what becomes of a submit whose answer was lost.
insert into studio.outcome_decisions (
    generation_id, attempt_id, what, request_id, new_generation_id, reason, confirmed,
    chargeable_until, decided_by)
values (
    %(generation_id)s, %(attempt_id)s, %(what)s, %(request_id)s, %(new_generation_id)s, %(reason)s,
    %(confirmed)s, %(chargeable_until)s, %(decided_by)s);

-- name: of_generation
-- What was decided about a generation, first to last.
select d.*, studio.person_name(d.decided_by) as decided_by_name
from studio.outcome_decisions as d
where d.generation_id = %(generation_id)s
order by d.decided_at, d.id;

-- name: due
-- Decisions to carry out now. A second submit settles the first one when nothing can charge it any
-- more, fal's history was searched after that moment, and nothing of it is there.
select d.*, studio.person_name(d.decided_by) as decided_by_name
from studio.outcome_decisions as d
inner join studio.attempts as a on a.id = d.attempt_id
where d.state = 'open' and (
    d.what <> 'resubmitted'
    or a.state <> 'unknown'
    or (d.chargeable_until <= now() and a.looked_at > d.chargeable_until
        and a.look_problem is null and a.found_ids = '{}'))
order by d.decided_at, d.id;

-- name: lock_unknown
-- Hold the outcome of an attempt while it is settled. No row: it is known by now.
select id from studio.attempts where id = %(attempt_id)s and state = 'unknown'
for no key update;

-- name: close
-- A decision is carried out, or overtaken by what became known.
update studio.outcome_decisions set state = %(state)s, settled_at = clock_timestamp()
where id = %(id)s and state = 'open'
returning id;

-- name: generation_of_request
-- The generation that a request at fal belongs to.
select generation_id from studio.attempts where request_id = %(request_id)s;

-- name: note_look
-- What a search of fal's history found. Every match is kept: one that is gone the next time was
-- there all the same.
update studio.attempts set
    looked_at = now(),
    look_count = look_count + 1,
    look_problem = %(problem)s,
    found_ids = array(
        select distinct id from unnest(found_ids || %(found_ids)s::text []) as u (id) order by id)
where id = %(attempt_id)s
returning found_ids;

-- name: past_start
-- Requests that have not ended although fal should have started or given them back by now.
select a.*, g.model, (g.parameters ->> 'duration_s')::integer as duration_s
from studio.attempts as a
inner join studio.generations as g on g.id = a.generation_id
where a.state = 'accepted' and g.status in ('waiting', 'running') and a.start_deadline < now();
