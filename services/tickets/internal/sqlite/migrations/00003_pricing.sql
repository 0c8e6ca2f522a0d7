-- +goose Up
-- What is charged beside the prices, as JSON; null for nothing.
ALTER TABLE holds ADD COLUMN extras BLOB;
ALTER TABLE orders ADD COLUMN extras BLOB;
-- What is given back for a ticket; null for its price.
ALTER TABLE tickets ADD COLUMN refund INTEGER;
ALTER TABLE tickets ADD COLUMN tier TEXT NOT NULL DEFAULT '';
ALTER TABLE tickets ADD COLUMN concession TEXT NOT NULL DEFAULT '';
