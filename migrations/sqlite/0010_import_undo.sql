-- What an undo of an import needs, for as long as the import is kept. `undo_kept` is 0 of imports from
-- before.
ALTER TABLE imports ADD COLUMN undo_kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN undo_of TEXT;
ALTER TABLE imports ADD COLUMN undone_by TEXT;
ALTER TABLE imports ADD COLUMN undone INTEGER NOT NULL DEFAULT 0;
-- Products that an undo deleted; they count as updated.
ALTER TABLE imports ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;

-- Runs of ids of the products that an import created.
CREATE TABLE import_created (
    seller_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (seller_id, import_id, first_id)
) STRICT, WITHOUT ROWID;

-- The products that an import altered: their version after it, and the altered fields as they were
-- (JSON).
CREATE TABLE import_former (
    seller_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    product_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    former TEXT NOT NULL,
    PRIMARY KEY (seller_id, import_id, product_id)
) STRICT, WITHOUT ROWID;
