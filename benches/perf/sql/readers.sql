-- One subscription for each of the users that are only read.
WITH s AS (
    INSERT INTO subscriptions ({?client_id, livemode, due_at, ?}user_id, plan, status, months, start_date, end_date, created_at, updated_at)
    SELECT {?2, true, now() + interval '1 month', ?}id, 'monthly', 'active', 1, now(), now() + interval '1 month', now(), now()
    FROM generate_series(1, 10000) AS id
    RETURNING id
)
INSERT INTO grants ({?client_id, ?}subscription_id, source, months, job_id, granted_at)
SELECT {?2, ?}id, 'purchase', 1, gen_random_uuid(), now() FROM s;
