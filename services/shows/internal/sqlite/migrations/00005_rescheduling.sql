-- +goose Up
-- When a performance was moved last, and until when tickets from before may be
-- returned; milliseconds, null for neither.
ALTER TABLE performances ADD COLUMN rescheduled_at INTEGER;
ALTER TABLE performances ADD COLUMN returns_until INTEGER;

-- Where venues are, for finding shows by it.
CREATE TABLE venues (
    venue_id BLOB PRIMARY KEY,
    version  INTEGER NOT NULL,
    city     TEXT    NOT NULL -- folded, as search_text is
) WITHOUT ROWID;
