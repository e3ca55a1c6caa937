-- What an import has to say beside its counts. `warnings` (the first ones) and `skips` (skipped rows
-- by reason) are JSON that only the program reads; `without_key` counts products that a second import
-- would create again.
ALTER TABLE imports ADD COLUMN warned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
ALTER TABLE imports ADD COLUMN skips TEXT NOT NULL DEFAULT '{}';
ALTER TABLE imports ADD COLUMN without_key BIGINT NOT NULL DEFAULT 0;
