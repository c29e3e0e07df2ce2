-- The simulator's own record, in SQLite. Times are seconds since 1970, UTC.

-- One row per booked request, written before the submit is answered.
CREATE TABLE IF NOT EXISTS requests (
    seq INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    endpoint TEXT NOT NULL,
    input TEXT NOT NULL,
    tags TEXT NOT NULL,
    faults TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    ready_at REAL NOT NULL,
    -- NULL: never ends by itself.
    run_s REAL,
    start_deadline REAL,
    started_at REAL,
    -- May lie in the future: the request completes when it is passed.
    ended_at REAL,
    -- The error that the result answers with; NULL: a video.
    failure TEXT,
    -- What is to be rendered; NULL when the input can't be used.
    video TEXT,
    results_fetched INTEGER NOT NULL DEFAULT 0,
    -- The server's address as the submit saw it, for the addresses in the webhook.
    base_url TEXT NOT NULL,
    webhook_url TEXT,
    -- When the webhook is to be tried next; NULL: no webhook, or done with it.
    webhook_due_at REAL,
    webhook_attempts INTEGER NOT NULL DEFAULT 0,
    webhook_delivered INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX IF NOT EXISTS requests_open ON requests (seq) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS requests_webhook ON requests (webhook_due_at)
WHERE webhook_due_at IS NOT NULL;

-- One row per POST to a known endpoint, booked or not, so that doubles can be counted.
CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    endpoint TEXT NOT NULL,
    markers TEXT NOT NULL,
    fault TEXT,
    request_id TEXT
);

CREATE TABLE IF NOT EXISTS uploads (
    upload_id TEXT PRIMARY KEY,
    file_name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    at REAL NOT NULL
);

-- Faults switched on by the admin API.
CREATE TABLE IF NOT EXISTS armed (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- How often it still fires; NULL: always.
    remaining INTEGER,
    match TEXT NOT NULL,
    endpoint TEXT,
    seconds REAL NOT NULL
);
