\set seller random(1, 100)
BEGIN;
INSERT INTO products (seller_id, name, description, price, quantity, category, version, created_at, updated_at)
VALUES ('pgbench-' || :seller, 'Bench lamp', 'Warm light', 19.99, 50, 'Light', 1, now(), now());
INSERT INTO sellers (seller_id, sequence, live, deleted) VALUES ('pgbench-' || :seller, 1, 1, 0)
ON CONFLICT (seller_id) DO UPDATE SET sequence = sellers.sequence + 1, live = sellers.live + 1;
INSERT INTO outbox (seller_id, messages, block, created_at)
VALUES ('pgbench-' || :seller, 1, decode(repeat('ab', 600), 'hex'), now());
COMMIT;
