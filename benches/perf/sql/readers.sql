-- One subscription for each of the users that are only read.
WITH s AS (
    INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date, created_at, updated_at)
    SELECT id, 'monthly', 'active', 1, now(), now() + interval '1 month', now(), now()
    FROM generate_series(1, 10000) AS id
    RETURNING id
)
INSERT INTO grants (subscription_id, source, months, job_id, granted_at)
SELECT id, 'purchase', 1, gen_random_uuid(), now() FROM s;
