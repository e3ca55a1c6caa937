-- Messages that the broker will never take, or that cannot be read: out of the way of all others, and
-- kept with the reason until an operator has looked at them.
CREATE TABLE outbox_set_aside (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    id BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    block BYTEA NOT NULL,
    reason TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    set_aside_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (seller_id, id)
);
