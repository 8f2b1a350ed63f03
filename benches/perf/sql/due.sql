-- Subscriptions of users {first} to {last}, which are due at {due_at}, in seconds since 1970.
INSERT INTO subscriptions ({?client_id, livemode, due_at, ?}user_id, plan, status, months, start_date, end_date, created_at, updated_at)
SELECT {?2, true, to_timestamp({due_at}), ?}id, 'monthly', 'active', 1, now() - interval '1 month', to_timestamp({due_at}), now(), now()
FROM generate_series({first}, {last}) AS id;
