-- Idempotency keys of a day: what the first request with the key answered, as JSON.
CREATE TABLE idempotency_keys (
    seller_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    result TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (seller_id, key)
) STRICT, WITHOUT ROWID;

-- For forgetting them.
CREATE INDEX idx_idempotency_keys_created_at ON idempotency_keys (created_at);

-- API keys: the SHA-256 of the whole key, never the key itself.
CREATE TABLE api_keys (
    seller_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (seller_id, id)
) STRICT, WITHOUT ROWID;

-- A caller presents a key before the seller is known.
CREATE INDEX idx_api_keys_id ON api_keys (id);
