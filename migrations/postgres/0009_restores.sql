-- Restores from a backup that were noticed: the store may have given higher numbers before, which
-- readers of its events know. Sequences go on above the floor; a seller that comes later begins there.
CREATE TABLE restores (
    sequence_floor BIGINT NOT NULL PRIMARY KEY,
    noticed_at TIMESTAMPTZ NOT NULL,
    -- When the totals were corrected.
    counted_at TIMESTAMPTZ
);
