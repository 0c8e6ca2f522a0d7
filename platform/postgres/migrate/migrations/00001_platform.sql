-- +goose Up
CREATE TABLE outbox (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    envelope bytea NOT NULL
);

-- Whoever relays the outbox holds the lock of the one row.
CREATE TABLE outbox_relay (
    one boolean PRIMARY KEY CHECK (one)
);
INSERT INTO outbox_relay (one) VALUES (true);

CREATE TABLE processed_events (
    consumer     text        NOT NULL,
    event_id     uuid        NOT NULL,
    processed_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX processed_events_by_age ON processed_events (processed_at);

CREATE TABLE idempotency (
    scope        bytea       PRIMARY KEY, -- SHA-256 of caller, method, path and key
    body_hash    bytea       NOT NULL,
    resource_id  uuid        NOT NULL,
    state        integer     NOT NULL, -- 0 running, 1 abandoned, 2 finished
    lease_until  timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    status       integer     NOT NULL DEFAULT 0,
    content_type text        NOT NULL DEFAULT '',
    location     text        NOT NULL DEFAULT '',
    body         bytea
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
