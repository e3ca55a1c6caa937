-- Sums of money are whole cents as decimal text: they may exceed 64 bits.
CREATE TABLE totals (
    seller_id        TEXT    NOT NULL PRIMARY KEY,
    total_products   INTEGER NOT NULL,
    active_products  INTEGER NOT NULL,
    deleted_products INTEGER NOT NULL,
    total_value      TEXT    NOT NULL,
    low_stock_count  INTEGER NOT NULL,
    last_updated     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE categories (
    seller_id       TEXT    NOT NULL,
    category        TEXT    NOT NULL,
    active_products INTEGER NOT NULL,
    total_quantity  INTEGER NOT NULL,
    total_value     TEXT    NOT NULL,
    price_sum       TEXT    NOT NULL,
    PRIMARY KEY (seller_id, category)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    seller_id    TEXT    NOT NULL,
    date         TEXT    NOT NULL,
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    deleted      INTEGER NOT NULL,
    low_stock    INTEGER NOT NULL,
    value_change TEXT    NOT NULL,
    PRIMARY KEY (seller_id, date)
) STRICT, WITHOUT ROWID;

-- The highest sequence applied of each topic: what arrives again is left out.
CREATE TABLE watermarks (
    seller_id TEXT    NOT NULL,
    topic     TEXT    NOT NULL,
    sequence  INTEGER NOT NULL,
    PRIMARY KEY (seller_id, topic)
) STRICT, WITHOUT ROWID;
