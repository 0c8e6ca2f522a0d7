-- +goose Up

-- Empty for the queues of this process. Other queues are pulled from the outside,
-- by their owner.
ALTER TABLE queues ADD COLUMN owner TEXT NOT NULL DEFAULT '';

-- What of the archive a new queue still has to get: messages after one seq up to
-- another, of events not before a time.
CREATE TABLE backfills (
    queue      INTEGER PRIMARY KEY,
    after_seq  INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    from_time  INTEGER NOT NULL -- unix ms
);

-- Where the delivery of a lock token is: renewing moves it. A row says nothing by
-- itself; the lock holds while the delivery has the same lease.
CREATE TABLE locks (
    queue      INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    lease      INTEGER NOT NULL,
    visible_at INTEGER NOT NULL, -- unix ms
    PRIMARY KEY (queue, seq)
) WITHOUT ROWID;
