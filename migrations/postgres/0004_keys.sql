-- Idempotency keys of a day: what the first request with the key answered, as JSON. `result` is
-- null only inside the transaction of that first request, so no one else ever sees it.
CREATE TABLE idempotency_keys (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    key VARCHAR(255) COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    result TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (seller_id, key)
);

-- For forgetting them.
CREATE INDEX idx_idempotency_keys_created_at ON idempotency_keys (created_at);

-- API keys: the SHA-256 of the whole key, never the key itself.
CREATE TABLE api_keys (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    id VARCHAR(100) COLLATE "C" NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    PRIMARY KEY (seller_id, id)
);

-- A caller presents a key before the seller is known.
CREATE INDEX idx_api_keys_id ON api_keys (id);
