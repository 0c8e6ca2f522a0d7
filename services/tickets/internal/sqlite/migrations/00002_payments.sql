-- +goose Up
ALTER TABLE orders ADD COLUMN client_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE orders ADD COLUMN check_at INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET check_at = requested_at;
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (id) WHERE payment_status IN ('requested', 'pending');

ALTER TABLE refunds ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN charge TEXT NOT NULL DEFAULT ''; -- the provider's id of the payment
ALTER TABLE refunds ADD COLUMN given_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN surplus INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN status TEXT NOT NULL DEFAULT 'pending';
ALTER TABLE refunds ADD COLUMN reference TEXT NOT NULL DEFAULT ''; -- the provider's id of the refund
ALTER TABLE refunds ADD COLUMN failure TEXT NOT NULL DEFAULT '';
ALTER TABLE refunds ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1;
ALTER TABLE refunds ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
UPDATE refunds SET due_at = created_at,
    provider = (SELECT provider FROM orders WHERE orders.id = refunds.order_id),
    charge = (SELECT reference FROM orders WHERE orders.id = refunds.order_id);
UPDATE refunds SET status = 'done' WHERE done = 1;
DROP INDEX refunds_open;
ALTER TABLE refunds DROP COLUMN done;
CREATE INDEX refunds_open ON refunds (id) WHERE status = 'pending';
CREATE INDEX refunds_by_order ON refunds (order_id, id);

-- Until when what a provider captured has been compared with the orders.
CREATE TABLE captures (
    provider   TEXT PRIMARY KEY,
    seen_until INTEGER NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE captures;
DROP INDEX refunds_by_order;
DROP INDEX refunds_open;
ALTER TABLE refunds ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
UPDATE refunds SET done = 1 WHERE status = 'done';
ALTER TABLE refunds DROP COLUMN due_at;
ALTER TABLE refunds DROP COLUMN attempt;
ALTER TABLE refunds DROP COLUMN failure;
ALTER TABLE refunds DROP COLUMN reference;
ALTER TABLE refunds DROP COLUMN status;
ALTER TABLE refunds DROP COLUMN surplus;
ALTER TABLE refunds DROP COLUMN given_before;
ALTER TABLE refunds DROP COLUMN charge;
ALTER TABLE refunds DROP COLUMN provider;
CREATE INDEX refunds_open ON refunds (created_at) WHERE done = 0;
DROP INDEX orders_open;
CREATE INDEX orders_open ON orders (created_at) WHERE payment_status = 'requested';
ALTER TABLE orders DROP COLUMN check_at;
ALTER TABLE orders DROP COLUMN client_secret;
