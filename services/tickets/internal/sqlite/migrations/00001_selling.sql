-- +goose Up
CREATE TABLE performances (
    id              BLOB PRIMARY KEY,
    version         INTEGER NOT NULL,
    cancel_pending  INTEGER NOT NULL DEFAULT 0, -- its orders have still to be cancelled
    document        TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX performances_cancel_pending ON performances (id) WHERE cancel_pending = 1;

-- One row for each partition. run is right until next_expiry: when a claim
-- expires, more places may be free than it says.
CREATE TABLE partitions (
    performance_id BLOB    NOT NULL,
    area_id        TEXT    NOT NULL,
    number         INTEGER NOT NULL,
    capacity       INTEGER NOT NULL,
    sold           INTEGER NOT NULL, -- bit n: slot n
    claims         BLOB    NOT NULL,
    version        INTEGER NOT NULL,
    announced      INTEGER NOT NULL, -- the version that availability.changed told last
    run            INTEGER NOT NULL, -- the longest run of free places
    next_expiry    INTEGER NOT NULL, -- ms; 0 when nothing is held
    open           INTEGER NOT NULL, -- 1 when anything is free or held
    PRIMARY KEY (performance_id, area_id, number)
) WITHOUT ROWID;
-- Of its own column, which seldom changes: an index over run would be written
-- with every hold and every sale.
CREATE INDEX partitions_open ON partitions (performance_id, area_id, number) WHERE open = 1;

CREATE TABLE holds (
    id             BLOB PRIMARY KEY,
    performance_id BLOB    NOT NULL,
    customer_id    TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    items          TEXT    NOT NULL,
    total          INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    placed_at      INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    order_id       BLOB    NOT NULL,
    entry_id       BLOB    NOT NULL,
    version        INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX holds_due ON holds (expires_at) WHERE status IN ('active', 'awaiting');

CREATE TABLE orders (
    id             BLOB PRIMARY KEY,
    code           TEXT    NOT NULL,
    hold_id        BLOB    NOT NULL,
    performance_id BLOB    NOT NULL,
    show_id        BLOB    NOT NULL,
    organizer_id   TEXT    NOT NULL,
    customer_id    TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    items          TEXT    NOT NULL,
    total          INTEGER NOT NULL,
    refunded       INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    provider       TEXT    NOT NULL,
    token          TEXT    NOT NULL,
    payment_status TEXT    NOT NULL,
    reference      TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    requested_at   INTEGER NOT NULL,
    ticket_ids     BLOB    NOT NULL, -- 16 bytes each
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX orders_by_customer ON orders (customer_id, id);
CREATE INDEX orders_by_performance ON orders (performance_id, id);
CREATE INDEX orders_open ON orders (created_at) WHERE payment_status = 'requested';

CREATE TABLE refunds (
    id         BLOB PRIMARY KEY,
    order_id   BLOB    NOT NULL,
    amount     INTEGER NOT NULL,
    currency   TEXT    NOT NULL,
    ticket_ids BLOB    NOT NULL, -- 16 bytes each
    reason     TEXT    NOT NULL,
    done       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX refunds_open ON refunds (created_at) WHERE done = 0;

CREATE TABLE tickets (
    id              BLOB PRIMARY KEY,
    order_id        BLOB    NOT NULL,
    performance_id  BLOB    NOT NULL,
    area_id         TEXT    NOT NULL,
    seat            TEXT    NOT NULL,
    partition       INTEGER NOT NULL,
    slot            INTEGER NOT NULL,
    price_category  TEXT    NOT NULL,
    price           INTEGER NOT NULL,
    currency        TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    holder_customer TEXT    NOT NULL,
    holder_email    TEXT    NOT NULL,
    holder_language TEXT    NOT NULL,
    transferred     INTEGER NOT NULL,
    issue           INTEGER NOT NULL,
    admitted_at     INTEGER NOT NULL, -- ms; 0 before
    gate            TEXT    NOT NULL,
    scan_id         TEXT    NOT NULL,
    version         INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tickets_by_performance ON tickets (performance_id, id);

CREATE TABLE buyers (
    performance_id BLOB    NOT NULL,
    customer_id    TEXT    NOT NULL,
    claims         BLOB    NOT NULL,
    owned          INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    PRIMARY KEY (performance_id, customer_id)
) WITHOUT ROWID;

CREATE TABLE waitlist (
    id             BLOB PRIMARY KEY,
    performance_id BLOB    NOT NULL,
    price_category TEXT    NOT NULL,
    quantity       INTEGER NOT NULL,
    customer_id    TEXT    NOT NULL,
    email          TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    hold_id        BLOB    NOT NULL,
    expires_at     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    version        INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX waitlist_waiting ON waitlist (performance_id, price_category, id) WHERE status = 'waiting';

-- +goose Down
DROP TABLE waitlist;
DROP TABLE buyers;
DROP TABLE tickets;
DROP TABLE refunds;
DROP TABLE orders;
DROP TABLE holds;
DROP TABLE partitions;
DROP TABLE performances;
