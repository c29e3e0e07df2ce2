-- name: book
INSERT INTO requests (
    request_id, endpoint, input, tags, faults, submitted_at, ready_at, run_s, start_deadline,
    failure, video, base_url, webhook_url, webhook_due_at
) VALUES (
    :request_id, :endpoint, :input, :tags, :faults, :submitted_at, :ready_at, :run_s,
    :start_deadline, :failure, :video, :base_url, :webhook_url, :webhook_due_at
);

-- name: note_post
INSERT INTO posts (at, endpoint, markers, fault, request_id)
VALUES (:at, :endpoint, :markers, :fault, :request_id);

-- name: find
SELECT * FROM requests WHERE request_id = :request_id;

-- name: find_by_number
SELECT * FROM requests WHERE seq = :seq;

-- name: unfinished
SELECT * FROM requests WHERE ended_at IS NULL OR ended_at > :now ORDER BY seq;

-- name: all_requests
SELECT * FROM requests ORDER BY seq;

-- name: start
UPDATE requests SET started_at = :started_at, ended_at = :ended_at WHERE seq = :seq;

-- name: end
UPDATE requests SET ended_at = :ended_at, failure = :failure WHERE seq = :seq;

-- name: fail
UPDATE requests SET failure = :failure WHERE seq = :seq;

-- name: note_fetch
UPDATE requests SET results_fetched = results_fetched + 1 WHERE seq = :seq;

-- name: due_webhooks
SELECT * FROM requests
WHERE webhook_due_at <= :now AND ended_at <= :now
ORDER BY webhook_due_at
LIMIT 100;

-- name: note_webhook
UPDATE requests
SET
    webhook_attempts = webhook_attempts + 1,
    webhook_due_at = :due_at,
    webhook_delivered = webhook_delivered + :delivered
WHERE seq = :seq;

-- name: history
SELECT * FROM requests
WHERE
    started_at IS NOT NULL
    AND ended_at <= :now
    AND ended_at >= :start
    AND ended_at < :end
    AND endpoint IN (SELECT value FROM json_each(:endpoints))
    AND (:request_id IS NULL OR request_id = :request_id)
    AND (
        :status IS NULL
        OR :status = CASE
            WHEN failure IS NULL THEN 'success'
            WHEN json_extract(failure, '$.status_code') >= 500 THEN 'error'
            ELSE 'user_error'
        END
    )
ORDER BY ended_at DESC, seq DESC
LIMIT :limit OFFSET :offset;

-- name: totals
SELECT
    (SELECT count(*) FROM posts) AS posted,
    (SELECT count(*) FROM requests) AS booked,
    (SELECT count(*) FROM requests WHERE ended_at <= :now AND failure IS NULL) AS completed,
    (
        SELECT count(*) FROM requests
        WHERE ended_at <= :now AND json_extract(failure, '$.error_type') = 'client_cancelled'
    ) AS cancelled,
    (
        SELECT count(*) FROM requests
        WHERE
            ended_at <= :now
            AND failure IS NOT NULL
            AND json_extract(failure, '$.error_type') IS NOT 'client_cancelled'
    ) AS failed,
    (SELECT count(*) FROM uploads) AS uploads,
    (SELECT coalesce(sum(results_fetched), 0) FROM requests) AS results_fetched,
    (SELECT coalesce(sum(webhook_delivered), 0) FROM requests) AS webhooks_delivered;

-- name: totals_by_endpoint
SELECT endpoint AS name, count(*) AS posted, count(request_id) AS booked
FROM posts
GROUP BY endpoint;

-- name: totals_by_marker
SELECT marker.value AS name, count(*) AS posted, count(posts.request_id) AS booked
FROM posts, json_each(posts.markers) AS marker
GROUP BY marker.value;

-- name: note_upload
INSERT INTO uploads (upload_id, file_name, content_type, size_bytes, at)
VALUES (:upload_id, :file_name, :content_type, :size_bytes, :at)
ON CONFLICT (upload_id) DO UPDATE SET
    content_type = excluded.content_type,
    size_bytes = excluded.size_bytes,
    at = excluded.at;

-- name: find_upload
SELECT * FROM uploads WHERE upload_id = :upload_id;

-- name: arm
INSERT INTO armed (name, remaining, match, endpoint, seconds)
VALUES (:name, :remaining, :match, :endpoint, :seconds);

-- name: armed
SELECT * FROM armed WHERE remaining IS NULL OR remaining > 0 ORDER BY id;

-- name: spend
UPDATE armed SET remaining = remaining - 1 WHERE id = :id;

-- name: disarm
DELETE FROM armed;
