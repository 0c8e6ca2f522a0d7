-- +goose Up

-- Nothing here declares foreign keys: rows are written a hundred thousand a
-- minute, and the bus is the only one that writes them.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('routes', 1);

CREATE TABLE topics (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- The archive: every message once, whoever gets it. AUTOINCREMENT keeps seq
-- growing when old messages have been pruned.
CREATE TABLE messages (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    topic        INTEGER NOT NULL,
    id           BLOB    NOT NULL, -- a UUID's 16 bytes; another id as text
    type         TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    time         INTEGER NOT NULL, -- of the event, unix ms
    published_at INTEGER NOT NULL, -- unix ms
    metadata     TEXT    NOT NULL, -- a JSON object
    envelope     BLOB    NOT NULL,
    UNIQUE (topic, id)
);
CREATE INDEX messages_time ON messages (time);

CREATE TABLE queues (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    name  TEXT    NOT NULL,
    topic INTEGER NOT NULL,
    types TEXT    NOT NULL, -- a JSON array; empty means all
    UNIQUE (name, topic)
);

-- What waits or is in flight. The primary key is the order of receiving, so
-- that claiming is the scan of a range and no second index has to follow.
-- While in flight, visible_at and lease are the receipt: whoever shows them
-- still owns the delivery.
CREATE TABLE deliveries (
    queue         INTEGER NOT NULL,
    visible_at    INTEGER NOT NULL, -- unix ms; in flight: when the lease ends
    seq           INTEGER NOT NULL,
    lease         INTEGER NOT NULL, -- 0 when not in flight
    receive_count INTEGER NOT NULL,
    first_at      INTEGER NOT NULL, -- of the first receive, unix ms; 0 before
    PRIMARY KEY (queue, visible_at, seq)
) WITHOUT ROWID;

CREATE TABLE dead_letters (
    queue         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    reason        TEXT    NOT NULL,
    receive_count INTEGER NOT NULL,
    first_at      INTEGER NOT NULL, -- unix ms
    dead_at       INTEGER NOT NULL, -- unix ms
    PRIMARY KEY (queue, seq)
) WITHOUT ROWID;
