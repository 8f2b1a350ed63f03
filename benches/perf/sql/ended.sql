-- Subscriptions {first} to {last}, which ended a month ago, with their grants.
WITH s AS (
    INSERT INTO subscriptions ({?client_id, livemode, ?}user_id, plan, status, months, start_date, end_date, created_at, updated_at)
    SELECT {?2, true, ?}1 + n % 10000, 'monthly', 'expired', 1, now() - interval '2 months', now() - interval '1 month',
           now(), now()
    FROM generate_series({first}, {last}) AS n
    RETURNING id
)
INSERT INTO grants ({?client_id, ?}subscription_id, source, months, job_id, granted_at)
SELECT {?2, ?}id, 'purchase', 1, gen_random_uuid(), now() FROM s;
