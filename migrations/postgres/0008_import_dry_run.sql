-- How an import runs, and what a dry run would alter. `changes` is JSON that only the program reads.
ALTER TABLE imports ADD COLUMN dry_run BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE imports ADD COLUMN max_errors TEXT;
ALTER TABLE imports ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';

-- The products as the rows of a dry run read so far would leave them: a later row meets them there.
CREATE TABLE import_staged (
    seller_id VARCHAR(100) COLLATE "C" NOT NULL,
    import_id VARCHAR(100) COLLATE "C" NOT NULL,
    sku VARCHAR(100) COLLATE "C" NOT NULL,
    product TEXT NOT NULL,
    PRIMARY KEY (seller_id, import_id, sku)
);
