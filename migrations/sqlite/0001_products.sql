-- Products, each seller's counters, and the one row all ids come from.
-- Money is in cents, times are milliseconds since the Unix epoch, attributes are a JSON object.

-- Ids count up across all sellers and are never used twice; `outbox_messages` is what waits in
-- the outbox, so that the backlog is one read.
CREATE TABLE counters (
    product_id INTEGER NOT NULL,
    outbox_id INTEGER NOT NULL,
    outbox_messages INTEGER NOT NULL CHECK (outbox_messages >= 0)
) STRICT;
INSERT INTO counters VALUES (0, 0, 0);

-- `sequence` numbers the seller's events without a gap. `live` and `deleted` count products, so
-- that the total of an unfiltered list is one read however many products there are.
CREATE TABLE sellers (
    seller_id TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL,
    live INTEGER NOT NULL,
    deleted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Without rowid: measured as fast to fill as a rowid table and smaller, and a scan by id reads the
-- table in order.
CREATE TABLE products (
    seller_id TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    price INTEGER NOT NULL CHECK (price > 0),
    quantity INTEGER NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    category TEXT NOT NULL,
    sku TEXT,
    low_stock_threshold INTEGER CHECK (low_stock_threshold >= 0),
    attributes TEXT,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (seller_id, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX idx_products_seller_sku ON products (seller_id, sku)
    WHERE deleted_at IS NULL AND sku IS NOT NULL;
-- The seller's live products, in the order lists have when nothing else is asked for. `deleted_at`
-- is always null here; with it a page deep in the list and a count are read from the index alone.
CREATE INDEX idx_products_seller_id ON products (seller_id, created_at, id, deleted_at)
    WHERE deleted_at IS NULL;
-- The same for one category.
CREATE INDEX idx_products_seller_category
    ON products (seller_id, category, created_at, id, deleted_at)
    WHERE deleted_at IS NULL;
-- No index for the other sort orders and filters: new keys land on random pages there, and one on
-- the quantity alone made an import a third slower. Such a list reads the seller's products once,
-- by primary key: never ANALYZE, with statistics the planner takes an index for it, three times
-- slower.
