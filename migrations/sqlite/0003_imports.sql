-- Import jobs with their checkpoints, and the rows they rejected.
-- `plan`, `position` and `low_stock` are JSON. A job that is processing belongs to `owner` until
-- `lease_until`; every batch moves that on by `lease_ms`.
CREATE TABLE imports (
    seller_id TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL
        CHECK (status IN ('queued', 'processing', 'completed', 'failed', 'cancelled')),
    file_name TEXT NOT NULL,
    bytes_total INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    plan TEXT NOT NULL,
    batch INTEGER NOT NULL,
    position TEXT NOT NULL,
    rows INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL DEFAULT 0,
    updated INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    low_stock TEXT NOT NULL,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    error TEXT,
    owner TEXT,
    lease_ms INTEGER,
    lease_until INTEGER,
    PRIMARY KEY (seller_id, id),
    CHECK (rows = created + updated + unchanged + skipped + rejected)
) STRICT;

-- Workers look for jobs across sellers; few are open at any time.
CREATE INDEX idx_imports_open ON imports (seller_id, created_at)
    WHERE status IN ('queued', 'processing');

-- `no` counts the rejected rows of an import from 1.
CREATE TABLE import_rejects (
    seller_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    no INTEGER NOT NULL,
    line INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    hint TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (seller_id, import_id, no)
) STRICT, WITHOUT ROWID;
