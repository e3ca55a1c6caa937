-- Messages that the broker will never take, or that cannot be read: out of the way of all others, and
-- kept with the reason until an operator has looked at them.
CREATE TABLE outbox_set_aside (
    seller_id TEXT NOT NULL,
    id INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    block BLOB NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    set_aside_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, id)
) STRICT, WITHOUT ROWID;
