-- One subscribe in our schema, as one statement.
\set n :n + 1
\set u :base + :n * :clients + :client_id
WITH u AS (
    SELECT id, now() AS at FROM users WHERE id = :u AND client_id = 2 FOR NO KEY UPDATE
), job AS (
    SELECT gen_random_uuid() AS id, gen_random_uuid()::text AS key
), s AS (
    INSERT INTO subscriptions (client_id, livemode, due_at, user_id, plan, status, months, start_date, end_date, created_at, updated_at)
    SELECT 2, true, at + interval '1 month', id, 'monthly', 'active', 1, at, at + interval '1 month', at, at FROM u
    RETURNING id, user_id
), g AS (
    INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
    SELECT 2, s.id, 'purchase', 1, job.id, now() FROM s, job
)
INSERT INTO transactions (job_id, client_id, origin, decided_at, idempotency_key, fingerprint, operation, entity_id, status, body,
                          attempts, submitted_at, finished_at)
SELECT job.id, 2, 'client', now(), job.key, '\x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f'::bytea,
       'subscribe', s.id, 201, '{"id": ' || s.id || ', "user_id": ' || s.user_id || '@BODY@', 1, now(), now()
FROM s, job;
