-- +goose Up
-- Times are milliseconds since 1970, ids are the 16 bytes of a UUID.

-- What is known of the shows world, as far as messages need it; state is JSON.
CREATE TABLE shows (id BLOB PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE venues (id BLOB PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE performances (id BLOB PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;

-- Who holds what of which order; state is JSON.
CREATE TABLE purchases (
    performance_id BLOB NOT NULL,
    order_id       BLOB NOT NULL,
    state          TEXT NOT NULL,
    PRIMARY KEY (performance_id, order_id)
) WITHOUT ROWID;

CREATE TABLE messages (
    id             BLOB PRIMARY KEY, -- derived from event, recipient and template, so it makes them unique
    event_id       BLOB    NOT NULL,
    correlation_id TEXT    NOT NULL,
    trace_parent   TEXT    NOT NULL,
    template       TEXT    NOT NULL,
    customer_id    TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    performance_id BLOB    NOT NULL,
    order_id       BLOB,
    subject        TEXT    NOT NULL,
    content        TEXT,             -- JSON; NULL once the message is final
    status         TEXT    NOT NULL,
    reason         TEXT    NOT NULL DEFAULT '',
    attempts       INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL,
    due_at         INTEGER NOT NULL, -- while claimed: when the lease ends
    claimed        INTEGER NOT NULL DEFAULT 0,
    ended_at       INTEGER
);
CREATE INDEX messages_by_customer ON messages (customer_id, id);
CREATE INDEX messages_due ON messages (due_at) WHERE status = 'queued';
CREATE INDEX messages_waiting ON messages (performance_id) WHERE status = 'waiting';

CREATE TABLE notices (
    event_id       BLOB PRIMARY KEY,
    correlation_id TEXT NOT NULL,
    trace_parent   TEXT NOT NULL,
    template       TEXT NOT NULL,
    performance_id BLOB NOT NULL,
    previous_start INTEGER, -- NULL: not known
    after_order    BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE preferences (customer_id TEXT PRIMARY KEY, tickets INTEGER NOT NULL, payments INTEGER NOT NULL,
    changes INTEGER NOT NULL, waitlist INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE subscriptions (
    customer_id TEXT NOT NULL,
    category    TEXT NOT NULL,
    token       TEXT NOT NULL UNIQUE,
    language    TEXT NOT NULL,
    PRIMARY KEY (customer_id, category)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE subscriptions;
DROP TABLE preferences;
DROP TABLE notices;
DROP TABLE messages;
DROP TABLE purchases;
DROP TABLE performances;
DROP TABLE venues;
DROP TABLE shows;
