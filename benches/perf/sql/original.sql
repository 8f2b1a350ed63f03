-- The smaller write of the original, in its schema, as one statement.
\set n :n + 1
\set u :base + :n * :clients + :client_id
WITH s AS (
    INSERT INTO subscriptions (user_id, plan, status, start_date, end_date)
    SELECT id, 'monthly', 'active', now(), now() + interval '1 month' FROM users WHERE id = :u
    RETURNING id, user_id
)
INSERT INTO transactions (user_id, subscription_id, kind, idempotency_key)
SELECT user_id, id, 'subscribe', gen_random_uuid()::text FROM s;
