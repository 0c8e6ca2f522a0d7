-- +goose Up
CREATE TABLE series (
  series_id  BLOB    NOT NULL PRIMARY KEY,
  show_id    BLOB    NOT NULL REFERENCES shows (show_id),
  body       TEXT    NOT NULL, -- JSON
  unfinished INTEGER NOT NULL  -- 1: performances may not all be there
) STRICT;
CREATE INDEX series_unfinished ON series (series_id) WHERE unfinished = 1;
