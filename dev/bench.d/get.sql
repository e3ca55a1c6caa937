\set id random(:low, :low + :count - 1)
SELECT id, seller_id, name, description, price, quantity, category, sku, low_stock_threshold,
       attributes, version, created_at, updated_at
FROM products WHERE seller_id = 'bench' AND id = :id AND deleted_at IS NULL;
