-- The write of the original in its schema, statement by statement as the original sends it.
\set n :n + 1
\set u :base + :n * :clients + :client_id
SELECT id FROM users WHERE id = :u;
SELECT id FROM subscriptions WHERE user_id = :u AND status = 'active';
BEGIN;
INSERT INTO subscriptions (user_id, plan, status, start_date, end_date)
VALUES (:u, 'monthly', 'active', now(), now() + interval '1 month')
RETURNING id AS s \gset
INSERT INTO transactions (user_id, subscription_id, kind, idempotency_key)
VALUES (:u, :s, 'subscribe', gen_random_uuid()::text);
COMMIT;
