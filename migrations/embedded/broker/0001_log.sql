-- Messages in the order of their arrival, many to a row. Ids are never used twice, so that a
-- reader may keep its place by id even when everything before it was swept.
CREATE TABLE blocks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    -- The offset behind the last message of the block.
    end_offset  INTEGER NOT NULL,
    messages    INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    block       BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX blocks_place ON blocks (topic, partition, end_offset);

-- The offset the next message of a partition gets; outlives its swept blocks.
CREATE TABLE heads (
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;

-- What each consumer group has done with: everything before the offset.
CREATE TABLE commits (
    consumers   TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (consumers, topic, partition)
) STRICT, WITHOUT ROWID;
