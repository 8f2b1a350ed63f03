-- no-transaction
-- The subscriptions of a user that wait. There are seldom any, so that the index is small, and
-- batches look into it for every user at next to no cost.
CREATE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_scheduled_idx
    ON subscriptions (client_id, user_id, id)
    WHERE status = 'scheduled';
