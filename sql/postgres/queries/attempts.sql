-- name: intend
-- Write down that a POST is about to be sent. Committed before it is.
insert into studio.attempts (
    generation_id, number, endpoint, marker, arguments, start_deadline)
select
    %(generation_id)s, coalesce(max(number), 0) + 1, %(endpoint)s, %(marker)s, %(arguments)s,
    now() + make_interval(secs => %(start_timeout_s)s)
from studio.attempts where generation_id = %(generation_id)s
returning id;

-- name: accept
-- fal answered: keep the request id and its three addresses exactly as given.
update studio.attempts set
    state = 'accepted', request_id = %(request_id)s, status_url = %(status_url)s,
    response_url = %(response_url)s, cancel_url = %(cancel_url)s,
    queue_position = %(queue_position)s, accepted_at = clock_timestamp(), next_poll_at = now(),
    detail = null
where id = %(id)s and state in ('intended', 'unknown')
returning id;

-- name: mark_unknown
-- The answer was lost.
update studio.attempts set state = 'unknown', detail = %(detail)s
where id = %(id)s and state = 'intended'
returning id;

-- name: mark_unknown_of_generation
-- The worker was lost between the intent and the answer.
update studio.attempts set state = 'unknown', detail = %(detail)s
where generation_id = %(generation_id)s and state = 'intended'
returning id;

-- name: refuse
-- fal provably booked nothing; the answer may come after the lease was lost.
update studio.attempts set state = 'refused', detail = %(detail)s, ended_at = clock_timestamp()
where id = %(id)s and state in ('intended', 'unknown')
returning id;

-- name: end
-- fal has finished with it, and so have we.
update studio.attempts set
    state = 'ended', ended_at = clock_timestamp(), detail = coalesce(%(detail)s, detail)
where generation_id = %(generation_id)s and state in ('accepted', 'unknown')
returning id;

-- name: latest
-- The last attempt of a generation.
select * from studio.attempts where generation_id = %(generation_id)s
order by number desc limit 1;

-- name: of_generation
-- Every attempt of a generation, first to last.
select * from studio.attempts where generation_id = %(generation_id)s order by number;

-- name: watched
-- Everything in flight at fal that the watcher follows.
select
    a.*, g.status, g.model, g.parameters, g.person_id, g.lease_token is not null as leased
from studio.attempts as a
inner join studio.generations as g on g.id = a.generation_id
where a.state = 'accepted' and g.status in ('waiting', 'running', 'canceling');

-- name: look_soon
-- fal called: look at this request at the watcher's next round. The first call after the acceptance
-- counts at once, more of them once in two seconds, so that repeated calls can't make us poll.
update studio.attempts as a set next_poll_at = now()
from studio.generations as g
where a.request_id = %(request_id)s and a.state = 'accepted'
    and g.id = a.generation_id and g.status in ('waiting', 'running', 'canceling')
    and (a.next_poll_at is null
        or a.next_poll_at <= greatest(a.accepted_at, now() - interval '2 seconds'))
returning a.id;

-- name: unresolved
-- Attempts whose answer was lost and that are due to be looked for: the older, the less often, and
-- at least every ten minutes. Also, as long as fal can bill them, those that a person has marked as
-- not submitted.
select a.* from studio.attempts as a
inner join studio.generations as g on g.id = a.generation_id
where a.state = 'unknown' and g.status in ('unknown', 'canceling')
    and (a.looked_at is null or a.looked_at <= now() - least(
        (now() - a.created_at) / 20, interval '10 minutes'))
union all
select a.* from studio.outcome_decisions as d
inner join studio.attempts as a on a.id = d.attempt_id
where d.what = 'not_submitted' and d.state = 'done'
    and a.state = 'ended' and a.request_id is null and a.found_ids = '{}'
    and (a.looked_at is null or a.looked_at <= least(
        d.chargeable_until, now() - least((now() - a.created_at) / 20, interval '10 minutes')))
order by looked_at nulls first, created_at;

-- name: observe
-- What one round of polls saw, many requests in one statement.
update studio.attempts as a set
    queue_position = s.queue_position,
    logs = coalesce(s.logs, a.logs),
    started_at = coalesce(a.started_at, case when s.running then clock_timestamp() end)
from (
    select
        unnest(%(ids)s::uuid []) as id,
        unnest(%(queue_positions)s::int []) as queue_position,
        unnest(%(logs)s::jsonb []) as logs,
        unnest(%(running)s::boolean []) as running
) as s
where a.id = s.id;

-- name: complete
-- fal has completed the request.
update studio.attempts set
    queue_position = null,
    completed_at = coalesce(completed_at, clock_timestamp()),
    started_at = coalesce(started_at, clock_timestamp() - make_interval(
        secs => coalesce(%(inference_s)s::double precision, 0))),
    inference_s = %(inference_s)s,
    logs = coalesce(%(logs)s::jsonb, logs)
where id = %(id)s;

-- name: note_cancel_sent
-- The cancel went out to fal.
update studio.attempts set cancel_sent_at = now() where id = %(id)s;

-- name: lock_account
-- The account at fal is locked: stop claiming until the next probe.
update studio.provider_state set
    locked_since = coalesce(locked_since, now()), reason = %(reason)s,
    next_probe_at = now() + make_interval(secs => %(probe_after_s)s);

-- name: unlock_account
-- A submit went through: the account works.
update studio.provider_state set locked_since = null, reason = null, next_probe_at = null
where locked_since is not null
returning only_row;

-- name: claim_probe
-- Take the probe that is due while the account is locked; the next is due later. No row: it is not,
-- or something queued will be the probe.
update studio.provider_state set next_probe_at = now() + make_interval(secs => %(probe_after_s)s)
where locked_since is not null and next_probe_at <= now()
    and not exists (select from studio.generations where status = 'queued')
returning only_row;

-- name: account
-- Whether the account at fal is locked, and why.
select locked_since, reason, next_probe_at from studio.provider_state;
