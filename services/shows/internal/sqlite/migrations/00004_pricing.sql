-- +goose Up
-- What is charged beside the prices, as JSON; null for nothing.
ALTER TABLE performances ADD COLUMN pricing TEXT;
