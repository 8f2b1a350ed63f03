-- no-transaction
-- One subscription a user that is not paid, and the index by which batches find it.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_one_pending_key
    ON subscriptions (client_id, user_id)
    WHERE status = 'pending';
