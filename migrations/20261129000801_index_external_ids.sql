-- no-transaction
-- One user an external id, built while commands go on. Users without one are not in it.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_external_id_key
    ON users (client_id, external_id) WHERE external_id IS NOT NULL;
