-- +goose Up
ALTER TABLE performances ADD COLUMN sales TEXT; -- who may buy when, beside the public; null for nobody

-- +goose Down
ALTER TABLE performances DROP COLUMN sales;
