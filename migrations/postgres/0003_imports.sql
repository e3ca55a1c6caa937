-- Import jobs with their checkpoints, and the rows they rejected.
-- `plan`, `position` and `low_stock` are JSON that only the program reads. A job that is processing
-- belongs to `owner` until `lease_until`; every batch moves that on by `lease_ms`.
CREATE TABLE imports (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    id VARCHAR(100) COLLATE "C" NOT NULL,
    status VARCHAR(20) COLLATE "C" NOT NULL
        CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    file_name TEXT NOT NULL,
    bytes_total BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    plan TEXT NOT NULL,
    batch BIGINT NOT NULL,
    position TEXT NOT NULL,
    rows BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL DEFAULT 0,
    updated BIGINT NOT NULL DEFAULT 0,
    unchanged BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    rejected BIGINT NOT NULL DEFAULT 0,
    low_stock TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL,
    started_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    error TEXT,
    owner TEXT COLLATE "C",
    lease_ms BIGINT,
    lease_until TIMESTAMPTZ,
    PRIMARY KEY (seller_id, id),
    CHECK (rows = created + updated + unchanged + skipped + rejected)
) WITH (fillfactor = 50);

-- Workers look for jobs across sellers; few are open at any time.
CREATE INDEX idx_imports_open ON imports (seller_id, created_at)
    WHERE status IN ('queued', 'processing');

-- `no` counts the rejected rows of an import from 1.
CREATE TABLE import_rejects (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    import_id VARCHAR(100) COLLATE "C" NOT NULL,
    no BIGINT NOT NULL,
    line BIGINT NOT NULL,
    column_name TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    record BYTEA NOT NULL,
    PRIMARY KEY (seller_id, import_id, no)
);
