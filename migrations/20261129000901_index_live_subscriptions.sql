-- no-transaction
-- One live subscription a user, and the index by which batches find it. The table may be large, so
-- nobody is kept out while the index is built.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_one_live_key
    ON subscriptions (client_id, user_id)
    WHERE status IN ('trialing', 'active', 'past_due', 'paused');
