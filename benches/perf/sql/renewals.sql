-- Users {first} to {last}, each with a card that can be charged and a month that was paid for, which
-- is renewed by itself: they end one after the other, {seconds} long, from {due_at} on, in seconds
-- since 1970.
INSERT INTO plans (client_id, code, name, tier, tier_rank, features, version, created_at)
VALUES (2, 'gold', 'Gold', 'gold', 1, ARRAY[]::text[], 1, now());
INSERT INTO plan_versions (client_id, code, version, "interval", amount, currency, trial_days,
                           grace_days, created_at)
VALUES (2, 'gold', 1, 'month', 1500, 'USD', 0, 7, now());
WITH due AS (
    SELECT id AS user_id, gen_random_uuid() AS job,
           to_timestamp({due_at}
                        + {seconds} * (id - {first})::float8 / ({last} - {first} + 1)) AS ends_at
    FROM generate_series({first}::bigint, {last}::bigint) AS id
), term AS (
    SELECT user_id, job, ends_at, ends_at - interval '1 month' AS starts_at FROM due
), method AS (
    INSERT INTO payment_methods (client_id, user_id, provider, reference, customer, status, brand,
                                 last4, created_at)
    SELECT 2, user_id, 'simulated', 'sim_ok', 'sim_customer_2_' || user_id, 'attached',
           'simulated', '4242', starts_at
    FROM term
    RETURNING id, user_id
), payer AS (
    UPDATE users SET currency = 'USD', default_method = method.id
    FROM method WHERE users.client_id = 2 AND users.id = method.user_id
), subscription AS (
    -- Months are counted from the end, as after a pause: no end of a month is in the way.
    INSERT INTO subscriptions (client_id, livemode, user_id, plan, plan_version, auto_renew,
                               grace_days, status, months, start_date, anchor, anchor_months,
                               end_date, recognise_at, due_at, created_at, updated_at)
    SELECT 2, true, user_id, 'gold', 1, true, 7, 'active', 1, starts_at, ends_at, 0, ends_at,
           ends_at, ends_at, starts_at, starts_at
    FROM term
    RETURNING id, user_id
), payment AS (
    INSERT INTO payments (client_id, user_id, subscription_id, purpose, plan, plan_version, amount,
                          cash, credit, currency, provider, method_id, phase, job_id, created_at,
                          expires_at, settled_at)
    SELECT 2, user_id, subscription.id,
           json_build_object('purpose', 'subscribe', 'subscription', subscription.id), 'gold', 1,
           1500, 1500, 0, 'USD', 'simulated', method.id, 'succeeded', job, starts_at,
           starts_at + interval '23 hours', starts_at
    FROM term JOIN method USING (user_id) JOIN subscription USING (user_id)
    RETURNING id, user_id, subscription_id
), granted AS (
    INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at, slice_start,
                        slice_end, length_us, value, currency, payment_id)
    SELECT 2, subscription_id, 'purchase', 1, job, starts_at, starts_at, ends_at,
           (extract(epoch FROM ends_at - starts_at) * 1000000)::bigint, 1500, 'USD', payment.id
    FROM term JOIN payment USING (user_id)
)
INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
SELECT 2, job, 'cash', 'deferred', 'USD', 1500, starts_at FROM term;
