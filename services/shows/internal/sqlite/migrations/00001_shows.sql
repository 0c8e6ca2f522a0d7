-- +goose Up
-- Ids are 16 bytes, which sort as they do in text. Times are milliseconds since 1970.
CREATE TABLE shows (
  show_id      BLOB    NOT NULL PRIMARY KEY,
  organizer_id TEXT    NOT NULL,
  title        TEXT    NOT NULL,
  description  TEXT    NOT NULL,
  category     TEXT    NOT NULL,
  venue_id     BLOB,
  artist_ids   BLOB    NOT NULL, -- 16 bytes each
  status       TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  published_at INTEGER,
  search_text  TEXT    NOT NULL, -- title and description, folded
  unsettled    INTEGER NOT NULL, -- 1: performances may not have followed yet
  version      INTEGER NOT NULL
) STRICT;
CREATE INDEX shows_by_category ON shows (category, show_id);
CREATE INDEX shows_unsettled ON shows (show_id) WHERE unsettled = 1;

CREATE TABLE performances (
  performance_id   BLOB    NOT NULL PRIMARY KEY,
  show_id          BLOB    NOT NULL REFERENCES shows (show_id),
  starts_at        TEXT    NOT NULL, -- local, as it was given
  time_zone        TEXT    NOT NULL,
  starts_at_utc    INTEGER NOT NULL,
  sales_open_at    INTEGER,
  sales_close_at   INTEGER,
  per_order        INTEGER NOT NULL, -- 0: no limit
  per_customer     INTEGER NOT NULL, -- 0: no limit
  currency         TEXT    NOT NULL,
  seat_map_version INTEGER NOT NULL,
  capacities       TEXT    NOT NULL, -- JSON
  status           TEXT    NOT NULL,
  reason           TEXT    NOT NULL,
  announced        INTEGER NOT NULL,
  version          INTEGER NOT NULL
) STRICT;
CREATE INDEX performances_by_start ON performances (show_id, starts_at_utc, performance_id);
CREATE INDEX performances_scheduled ON performances (show_id, announced, performance_id) WHERE status = 'scheduled';

CREATE TABLE seat_maps (
  performance_id BLOB    NOT NULL REFERENCES performances (performance_id),
  version        INTEGER NOT NULL,
  body           TEXT    NOT NULL, -- JSON
  PRIMARY KEY (performance_id, version)
) STRICT;

-- No reference to performances: what the sale reports may come first.
CREATE TABLE availability (
  performance_id BLOB    NOT NULL,
  area_id        TEXT    NOT NULL,
  partition      INTEGER NOT NULL,
  capacity       INTEGER NOT NULL,
  available      INTEGER NOT NULL,
  version        INTEGER NOT NULL,
  PRIMARY KEY (performance_id, area_id, partition)
) STRICT, WITHOUT ROWID;
