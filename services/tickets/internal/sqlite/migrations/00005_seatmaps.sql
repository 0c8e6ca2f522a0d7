-- +goose Up
-- Places that the seat map has no more, as sold has them: bit n is slot n.
ALTER TABLE partitions ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;

-- How shows are called now, once that was told.
CREATE TABLE shows (
    id      BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    title   TEXT    NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE shows;
ALTER TABLE partitions DROP COLUMN closed;
