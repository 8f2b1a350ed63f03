-- no-transaction
-- The months of a subscription in the order in which they were granted, for its entitlement. The
-- table may be large, so nobody is kept out while the index is built.
CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_subscription_idx
    ON grants (client_id, subscription_id, id);
