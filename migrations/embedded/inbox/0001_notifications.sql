-- One row per notification, clustered in the order in which a seller reads them.
CREATE TABLE notifications (
    seller_id      TEXT    NOT NULL,
    sequence       INTEGER NOT NULL,
    -- The first event it stands for; `sequence` itself when it stands for one.
    first_sequence INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    timestamp      INTEGER NOT NULL,
    -- The notification as JSON.
    body           TEXT    NOT NULL,
    PRIMARY KEY (seller_id, sequence)
) STRICT, WITHOUT ROWID;

-- For forgetting the old ones.
CREATE INDEX notifications_age ON notifications (timestamp);
