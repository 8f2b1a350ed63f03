-- Rows of every state that release 0.2.0 knows, of two clients.
INSERT INTO clients (id, name) VALUES (100, 'other');
INSERT INTO users (client_id, email, created_at)
SELECT CASE n % 3 WHEN 0 THEN 100 ELSE 2 END, 'user' || n || '@a.org', now()
FROM generate_series(1, 12000) AS n;
-- Every second is past its end.
INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date, cancelled_at,
                           created_at, updated_at)
SELECT id, 'monthly', status, 1, now() - interval '1 year',
       now() + (id % 2 * 2 - 1) * interval '1 day',
       CASE status WHEN 'cancelled' THEN now() END, now(), now()
FROM users, unnest(ARRAY['expired', 'cancelled', 'active']) AS status;
INSERT INTO gifts (gifter_id, recipient_email, recipient_id, status, months, expires_at,
                   redeemed_at, created_at)
SELECT id, 'bea@a.org', CASE status WHEN 'redeemed' THEN id END, status, 1,
       now() + (id % 2 * 2 - 1) * interval '1 day',
       CASE status WHEN 'redeemed' THEN now() END, now()
FROM users, unnest(ARRAY['expired', 'redeemed', 'pending']) AS status;
INSERT INTO grants (subscription_id, source, months, gift_id, job_id, granted_at)
SELECT id, 'purchase', 1, NULL, gen_random_uuid(), now() FROM subscriptions;
INSERT INTO grants (subscription_id, source, months, gift_id, job_id, granted_at)
SELECT subscriptions.id, 'gift', 1, gifts.id, gen_random_uuid(), now()
FROM gifts JOIN subscriptions ON user_id = recipient_id AND subscriptions.status = 'active'
WHERE gifts.status = 'redeemed';
-- Commands that were done and refused, and expiries.
INSERT INTO transactions (job_id, client_id, idempotency_key, fingerprint, operation, entity_id,
                          status, body, attempts, submitted_at, finished_at)
SELECT gen_random_uuid(), client, 'key' || n, decode(repeat('ab', 32), 'hex'),
       CASE client WHEN 1 THEN 'expire_gift' ELSE 'subscribe' END,
       CASE WHEN n % 5 > 0 OR client = 1 THEN n END,
       CASE WHEN n % 5 > 0 OR client = 1 THEN 201 ELSE 409 END, '{}', 1, now(), now()
FROM generate_series(1, 6000) AS n, unnest(ARRAY[1, 2, 100]) AS client;
ANALYZE;
