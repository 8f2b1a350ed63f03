-- One subscribe in our schema, as separate statements of one transaction.
\set n :n + 1
\set u :base + :n * :clients + :client_id
BEGIN;
SELECT id FROM users WHERE id = :u AND client_id = 2 FOR NO KEY UPDATE;
SELECT id, end_date FROM subscriptions WHERE client_id = 2 AND user_id = :u AND status = 'active' FOR NO KEY UPDATE;
INSERT INTO subscriptions (client_id, livemode, due_at, user_id, plan, status, months, start_date, end_date, created_at, updated_at)
VALUES (2, true, now() + interval '1 month', :u, 'monthly', 'active', 1, now(), now() + interval '1 month', now(), now())
RETURNING id AS s, gen_random_uuid() AS job \gset
INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
VALUES (2, :s, 'purchase', 1, :job, now());
INSERT INTO transactions (job_id, client_id, origin, decided_at, idempotency_key, fingerprint, operation, entity_id, status, body,
                          attempts, submitted_at, finished_at)
VALUES (:job, 2, 'client', now(), gen_random_uuid()::text,
        '\x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f'::bytea,
        'subscribe', :s, 201, '{"id": ' || :s || ', "user_id": ' || :u || '@BODY@', 1, now(), now());
COMMIT;
