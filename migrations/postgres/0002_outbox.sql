-- The events of committed changes until the relay has published them: one row per transaction, or
-- per 1,000 events of an import batch.

-- Never cached per session: an id is taken while the seller's counters are locked, so that a
-- seller's ids ascend in the order of its commits.
CREATE SEQUENCE outbox_id_seq AS BIGINT CACHE 1;

-- Rows live for milliseconds: what they leave behind is vacuumed early, whatever the table's size.
CREATE TABLE outbox (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    id BIGINT NOT NULL DEFAULT nextval('outbox_id_seq'),
    messages BIGINT NOT NULL,
    block BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (seller_id, id)
) WITH (
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0,
    toast.autovacuum_vacuum_threshold = 5000,
    toast.autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_cost_delay = 0
);
-- Blocks are compressed already.
ALTER TABLE outbox ALTER COLUMN block SET STORAGE EXTERNAL;

-- The relay drains across sellers, oldest first.
CREATE INDEX idx_outbox_id ON outbox (id);
