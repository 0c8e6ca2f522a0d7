-- +goose Up
-- When a performance was moved last, and until when tickets from before may be
-- returned; milliseconds, null for neither.
ALTER TABLE performances ADD COLUMN rescheduled_at INTEGER;
ALTER TABLE performances ADD COLUMN returns_until INTEGER;
