-- no-transaction
-- Events of providers that are settled, whose ids are kept for a while only.
CREATE INDEX CONCURRENTLY IF NOT EXISTS provider_inbox_settled_idx
    ON provider_inbox (received_at)
    WHERE payload IS NULL;
