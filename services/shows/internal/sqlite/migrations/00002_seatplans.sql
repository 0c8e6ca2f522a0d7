-- +goose Up
CREATE TABLE seat_plans (
  plan_id      BLOB    NOT NULL PRIMARY KEY,
  organizer_id TEXT    NOT NULL,
  name         TEXT    NOT NULL, -- of the newest version, like the rest
  places       INTEGER NOT NULL,
  version      INTEGER NOT NULL
) STRICT;
CREATE INDEX seat_plans_by_organizer ON seat_plans (organizer_id, plan_id);

CREATE TABLE seat_plan_versions (
  plan_id BLOB    NOT NULL REFERENCES seat_plans (plan_id),
  version INTEGER NOT NULL,
  body    TEXT    NOT NULL, -- JSON
  PRIMARY KEY (plan_id, version)
) STRICT;

-- What a performance was set up from; null when its seat map was given whole.
ALTER TABLE performances ADD COLUMN seat_plan_id BLOB;
ALTER TABLE performances ADD COLUMN seat_plan_version INTEGER;
