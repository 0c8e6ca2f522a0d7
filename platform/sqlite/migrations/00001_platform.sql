-- +goose Up

-- AUTOINCREMENT: a seq must never come again, or a relay that is late with
-- deleting what it published would delete a newer event.
CREATE TABLE outbox (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    envelope BLOB NOT NULL
);

CREATE TABLE processed_events (
    consumer     TEXT    NOT NULL,
    event_id     BLOB    NOT NULL,
    processed_at INTEGER NOT NULL, -- unix ms
    PRIMARY KEY (consumer, event_id)
) WITHOUT ROWID;

-- Rows are appended and expire in about the order of their ids, which is what
-- pruning relies on; only the narrow index is random.
CREATE TABLE idempotency (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    scope        BLOB    NOT NULL UNIQUE, -- SHA-256 of caller, method, path and key
    body_hash    BLOB    NOT NULL,
    resource_id  BLOB    NOT NULL,
    state        INTEGER NOT NULL, -- 0 running, 1 abandoned, 2 finished
    lease_until  INTEGER NOT NULL, -- unix ms
    expires_at   INTEGER NOT NULL, -- unix ms
    status       INTEGER,
    content_type TEXT,
    location     TEXT,
    body         BLOB
);
CREATE INDEX idempotency_running ON idempotency (id) WHERE state = 0;
