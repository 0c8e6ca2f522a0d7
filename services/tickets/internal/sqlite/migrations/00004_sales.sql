-- +goose Up
-- Through which channel and by which presale a hold is, as JSON; null for neither.
ALTER TABLE holds ADD COLUMN sale BLOB;
-- bit n: slot n is some channel's
ALTER TABLE partitions ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE partitions DROP COLUMN kept;
ALTER TABLE holds DROP COLUMN sale;
