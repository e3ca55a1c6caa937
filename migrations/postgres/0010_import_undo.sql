-- What an undo of an import needs, for as long as the import is kept. `undo_kept` is false of imports
-- from before.
ALTER TABLE imports ADD COLUMN undo_kept BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE imports ADD COLUMN undo_of TEXT COLLATE "C";
ALTER TABLE imports ADD COLUMN undone_by TEXT COLLATE "C";
ALTER TABLE imports ADD COLUMN undone BOOLEAN NOT NULL DEFAULT FALSE;
-- Products that an undo deleted; they count as updated.
ALTER TABLE imports ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;

-- Runs of ids of the products that an import created.
CREATE TABLE import_created (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    import_id VARCHAR(100) COLLATE "C" NOT NULL,
    first_id BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    PRIMARY KEY (seller_id, import_id, first_id)
);

-- The products that an import altered: their version after it, and the altered fields as they were
-- (JSON that only the program reads).
CREATE TABLE import_former (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    import_id VARCHAR(100) COLLATE "C" NOT NULL,
    product_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    former TEXT NOT NULL,
    PRIMARY KEY (seller_id, import_id, product_id)
);
