-- +goose Up
-- Places that the seat map has no more, as sold has them: bit n is slot n.
ALTER TABLE partitions ADD COLUMN closed INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE partitions DROP COLUMN closed;
