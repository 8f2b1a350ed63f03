-- The steps between the two migrations. The program runs them in this order, while release 0.2.0
-- goes on working. Each step is a statement of its own, in a transaction of its own where it needs
-- one, and does nothing when it is done already: whatever breaks off is gone on with at the next
-- start. A step that returns a row, of how many rows it filled and whether it saw any to fill, is
-- repeated until it sees none.

-- step: an index of the subscriptions to fill
CREATE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_unfilled_idx
    ON subscriptions (id) WHERE client_id IS NULL;
-- step: an index of the gifts to fill
CREATE INDEX CONCURRENTLY IF NOT EXISTS gifts_unfilled_idx
    ON gifts (id) WHERE client_id IS NULL;
-- step: an index of the grants to fill
CREATE INDEX CONCURRENTLY IF NOT EXISTS grants_unfilled_idx
    ON grants (id) WHERE client_id IS NULL;
-- step: an index of the command log to fill
CREATE INDEX CONCURRENTLY IF NOT EXISTS transactions_unfilled_idx
    ON transactions (position) WHERE decided_at IS NULL;

-- step: subscriptions
WITH filled AS (
    UPDATE subscriptions SET client_id = clients.id, livemode = clients.livemode
    FROM users JOIN clients ON clients.id = users.client_id
    WHERE users.id = subscriptions.user_id AND subscriptions.id = ANY(ARRAY(
        SELECT id FROM subscriptions WHERE client_id IS NULL
        ORDER BY id LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING subscriptions.id
)
SELECT (SELECT count(*) FROM filled), EXISTS (SELECT FROM subscriptions WHERE client_id IS NULL);
-- step: gifts
WITH filled AS (
    UPDATE gifts SET client_id = clients.id, livemode = clients.livemode
    FROM users JOIN clients ON clients.id = users.client_id
    WHERE users.id = gifts.gifter_id AND gifts.id = ANY(ARRAY(
        SELECT id FROM gifts WHERE client_id IS NULL
        ORDER BY id LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING gifts.id
)
SELECT (SELECT count(*) FROM filled), EXISTS (SELECT FROM gifts WHERE client_id IS NULL);
-- step: grants
WITH filled AS (
    UPDATE grants SET client_id = users.client_id
    FROM subscriptions JOIN users ON users.id = subscriptions.user_id
    WHERE subscriptions.id = grants.subscription_id AND grants.id = ANY(ARRAY(
        SELECT id FROM grants WHERE client_id IS NULL
        ORDER BY id LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING grants.id
)
SELECT (SELECT count(*) FROM filled), EXISTS (SELECT FROM grants WHERE client_id IS NULL);
-- step: the command log
WITH filled AS (
    UPDATE transactions SET decided_at = finished_at,
        origin = CASE client_id WHEN 1 THEN 'internal' ELSE 'client' END
    WHERE job_id = ANY(ARRAY(
        SELECT job_id FROM transactions WHERE decided_at IS NULL
        ORDER BY position LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING job_id
)
SELECT (SELECT count(*) FROM filled), EXISTS (SELECT FROM transactions WHERE decided_at IS NULL);

-- step: the key of users
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_new_pkey ON users (client_id, id);
-- step: the key of subscriptions
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_new_pkey
    ON subscriptions (client_id, id);
-- step: the key of gifts
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS gifts_new_pkey ON gifts (client_id, id);
-- step: the key of grants
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS grants_new_pkey ON grants (client_id, id);
-- step: the key of the command log
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS transactions_new_pkey
    ON transactions (client_id, job_id);
-- step: one entry an idempotency key
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS transactions_new_idempotency_key
    ON transactions (client_id, origin, idempotency_key);
-- step: one active subscription a user
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_new_one_active_key
    ON subscriptions (client_id, user_id) WHERE status = 'active';
-- step: one grant a gift
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS grants_new_gift_key
    ON grants (client_id, gift_id) WHERE gift_id IS NOT NULL;
-- step: the subscriptions of a user
CREATE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_new_user_idx
    ON subscriptions (client_id, user_id, id DESC);
-- step: due subscriptions
CREATE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_due_live_idx
    ON subscriptions (due_at, id) WHERE livemode AND due_at IS NOT NULL;
-- step: due subscriptions by client
CREATE INDEX CONCURRENTLY IF NOT EXISTS subscriptions_due_test_idx
    ON subscriptions (client_id, due_at, id) WHERE NOT livemode AND due_at IS NOT NULL;
-- step: due gifts
CREATE INDEX CONCURRENTLY IF NOT EXISTS gifts_due_live_idx
    ON gifts (due_at, id) WHERE livemode AND due_at IS NOT NULL;
-- step: due gifts by client
CREATE INDEX CONCURRENTLY IF NOT EXISTS gifts_due_test_idx
    ON gifts (client_id, due_at, id) WHERE NOT livemode AND due_at IS NOT NULL;

-- step: the foreign keys
CALL add_foreign_key('subscriptions', 'subscriptions_new_user_fkey',
                     '(client_id, user_id) REFERENCES users (client_id, id)');
-- step: the foreign keys
CALL add_foreign_key('gifts', 'gifts_new_gifter_fkey',
                     '(client_id, gifter_id) REFERENCES users (client_id, id)');
-- step: the foreign keys
CALL add_foreign_key('gifts', 'gifts_new_recipient_fkey',
                     '(client_id, recipient_id) REFERENCES users (client_id, id)');
-- step: the foreign keys
CALL add_foreign_key('grants', 'grants_new_subscription_fkey',
                     '(client_id, subscription_id) REFERENCES subscriptions (client_id, id)');
-- step: the foreign keys
CALL add_foreign_key('grants', 'grants_new_gift_fkey',
                     '(client_id, gift_id) REFERENCES gifts (client_id, id)');

-- step: the users of old subscriptions
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_new_user_fkey;
-- step: the givers of old gifts
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_new_gifter_fkey;
-- step: the recipients of old gifts
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_new_recipient_fkey;
-- step: the subscriptions of old grants
ALTER TABLE grants VALIDATE CONSTRAINT grants_new_subscription_fkey;
-- step: the gifts of old grants
ALTER TABLE grants VALIDATE CONSTRAINT grants_new_gift_fkey;
-- step: what is due of old subscriptions
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_due_check;
-- step: what is due of old gifts
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_due_check;
-- step: the origins of old commands
ALTER TABLE transactions VALIDATE CONSTRAINT transactions_origin_check;
-- step: the inputs of old commands
ALTER TABLE transactions VALIDATE CONSTRAINT transactions_input_check;

-- step: the old key of the command log, so that no key of a client stands in the way of an internal
-- one. The new key replaces it for 0.2.0, too.
DO $$ BEGIN
    SET LOCAL lock_timeout = '500ms';
    ALTER TABLE transactions DROP CONSTRAINT IF EXISTS transactions_idempotency_key;
END $$;
