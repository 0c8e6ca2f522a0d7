-- +goose Up
-- A mail that was sent may come back, and then the message tells a second fact.
ALTER TABLE messages ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET version = 1 WHERE status IN ('sent', 'failed', 'suppressed');

-- Addresses that get no mails for a while.
CREATE TABLE blocks (address TEXT PRIMARY KEY, till INTEGER NOT NULL) WITHOUT ROWID; -- in lower case

-- +goose Down
DROP TABLE blocks;
ALTER TABLE messages DROP COLUMN version;
