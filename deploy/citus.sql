-- Spreads the store over a Citus cluster, by seller. It may be run again: what is distributed already
-- is left alone.
--
-- The move, in this order, in pmd's database and in a quiet hour (writes wait while a table is moved):
--
--  1. On every node: `shared_preload_libraries = 'citus'`, the database, and in it
--     `CREATE EXTENSION citus`.
--  2. TLS between the nodes and to pmd with an X.509 v3 certificate whose names include the host. The
--     one that Citus makes by itself is version 1, which pmd's TLS refuses.
--  3. On the coordinator: `SELECT citus_set_coordinator_host('<host>', 5432)`, then
--     `SELECT citus_add_node('<worker>', 5432)` for each worker.
--  4. Start pmd once against the coordinator, never a worker: it creates the tables.
--  5. `psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f deploy/citus.sql`
--  6. Once all is well, give back the space of the coordinator's own copies, per table:
--     `SELECT truncate_local_data_after_distributing_table('<table>')`.
--
-- Later: `citus_move_shard_placement` moves shards under load. `isolate_tenant_to_new_shard` gives a
-- large seller a shard of its own; use it with `shard_transfer_mode => 'block_writes'` only.

-- One run at a time: a second one waits here and finds nothing left to do.
SELECT pg_advisory_lock(hashtext('deploy/citus.sql'));

-- The first table decides how many shards there are; the others lie beside it.
SELECT format('SELECT create_distributed_table(%L, %L%s)', name, 'seller_id',
              CASE WHEN place > 1 THEN $$, colocate_with => 'sellers'$$ END)
FROM unnest(ARRAY['sellers', 'products', 'outbox', 'outbox_set_aside', 'imports', 'import_rejects',
                  'import_staged', 'import_created', 'import_former',
                  'idempotency_keys', 'api_keys']) WITH ORDINALITY AS names (name, place)
WHERE NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name::regclass)
ORDER BY place \gexec

SELECT pg_advisory_unlock(hashtext('deploy/citus.sql'));
