-- The processes that use this database, and which of their engines are their own: two that would not meet
-- must not run side by side. A process that is gone is known by its time.
CREATE TABLE nodes (
    name TEXT COLLATE "C" PRIMARY KEY,
    roles TEXT[] NOT NULL,
    embedded TEXT[] NOT NULL,
    joined_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL
);
