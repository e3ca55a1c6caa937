-- The events of committed changes until the relay has published them: one row per transaction, or
-- per 1,000 events of an import batch.
CREATE TABLE outbox (
    seller_id TEXT NOT NULL,
    id INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    block BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, id)
) STRICT, WITHOUT ROWID;

-- The relay drains across sellers, oldest first.
CREATE INDEX idx_outbox_id ON outbox (id);
