-- no-transaction
-- What a payment has paid for.
CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_payment_idx
    ON grants (client_id, payment_id)
    WHERE payment_id IS NOT NULL;
