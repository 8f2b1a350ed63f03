-- A subscription of user $1 with its grant and its row of the command log. Returns the answer.
WITH s AS (
    INSERT INTO subscriptions (client_id, livemode, due_at, user_id, plan, status, months, start_date, end_date, created_at, updated_at)
    VALUES (2, true, now() + make_interval(months => $3), $1, $2, 'active', $3, now(), now() + make_interval(months => $3), now(), now())
    RETURNING id, user_id, plan, status, start_date, end_date, cancelled_at, created_at, updated_at
), job AS (
    SELECT gen_random_uuid() AS id
), g AS (
    INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
    SELECT 2, s.id, 'purchase', $3, job.id, now() FROM s, job
)
INSERT INTO transactions (job_id, client_id, origin, decided_at, idempotency_key, fingerprint, operation, entity_id, status, body,
                          attempts, submitted_at, finished_at)
SELECT job.id, 2, 'client', now(), $4, sha256(convert_to($5, 'UTF8')), 'subscribe', s.id, 201, row_to_json(s)::text, 1, now(),
       now()
FROM s, job
RETURNING body
