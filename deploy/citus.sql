-- Spreads the store over a Citus cluster, by seller.
--
-- Run it once, on the coordinator, in pmd's database: after the first start of pmd has created the
-- tables, and before there is much data (what is there is moved):
--
--     psql "$DATABASE_URL" -c 'CREATE EXTENSION IF NOT EXISTS citus' -f deploy/citus.sql
--
-- Nothing else changes: every key leads with the seller, a transaction touches one seller, and
-- colocated tables keep all rows of a seller on one node.

SELECT create_distributed_table('sellers', 'seller_id');
SELECT create_distributed_table('products', 'seller_id', colocate_with => 'sellers');
SELECT create_distributed_table('outbox', 'seller_id', colocate_with => 'sellers');
SELECT create_distributed_table('imports', 'seller_id', colocate_with => 'sellers');
SELECT create_distributed_table('import_rejects', 'seller_id', colocate_with => 'sellers');
SELECT create_distributed_table('idempotency_keys', 'seller_id', colocate_with => 'sellers');
SELECT create_distributed_table('api_keys', 'seller_id', colocate_with => 'sellers');
