-- How an import runs, and what a dry run would alter. `changes` is JSON.
ALTER TABLE imports ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN max_errors TEXT;
ALTER TABLE imports ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';

-- The products as the rows of a dry run read so far would leave them: a later row meets them there.
CREATE TABLE import_staged (
    seller_id TEXT NOT NULL,
    import_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    product TEXT NOT NULL,
    PRIMARY KEY (seller_id, import_id, sku)
) STRICT, WITHOUT ROWID;
