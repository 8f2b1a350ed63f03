//! What violates each constraint of the schema, beside the rows of [`ROWS`].

/// A row of everything: user 1 with active subscription 1 and redeemed gift 1, user 2 with none.
pub(crate) const ROWS: &str = "
    INSERT INTO api_keys (id, client_id, secret_hash, scope)
    VALUES ('AbCd1234', 2, decode(repeat('ab', 32), 'hex'), 'write');
    INSERT INTO test_clocks (client_id, now) VALUES (2, now());
    INSERT INTO audit (client_id, at, actor, action, subject, detail)
    VALUES (2, now(), 'open', 'put_plan', 'monthly', '{}');
    INSERT INTO users (client_id, email, created_at)
    VALUES (2, 'Ann@example.com', now()), (2, 'bea@example.com', now());
    INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months, start_date,
                               end_date, due_at, created_at, updated_at)
    VALUES (2, true, 1, 'monthly', 'active', 1, now(), now() + interval '1 month', now(), now(),
            now());
    INSERT INTO gifts (client_id, livemode, gifter_id, recipient_email, recipient_id, status,
                       months, expires_at, redeemed_at, created_at)
    VALUES (2, true, 2, 'ann@example.com', 1, 'redeemed', 1, now(), now(), now());
    INSERT INTO grants (client_id, subscription_id, source, months, gift_id, job_id, granted_at)
    VALUES (2, 1, 'gift', 1, 1, gen_random_uuid(), now());
    INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint, operation,
                              entity_id, status, body, attempts, submitted_at, decided_at,
                              finished_at)
    VALUES ('00000000-0000-8000-8000-000000000001', 2, 'client', 'key',
            decode(repeat('ab', 32), 'hex'), 'subscribe', 1, 201, '{}', 1, now(), now(), now());
    INSERT INTO effects (client_id, id, kind, job_id, payload)
    VALUES (2, '00000000-0000-8000-8000-000000000003', 'clock',
            '00000000-0000-8000-8000-000000000001', '{}');
    INSERT INTO accepted_jobs (client_id, job_id, fingerprint, submitted_at, payload)
    VALUES (2, '00000000-0000-8000-8000-000000000002', decode(repeat('ab', 32), 'hex'), now(),
            '{}')";

/// The name of each constraint, and statements that it is to refuse.
pub(crate) const VIOLATIONS: &[(&str, &[&str])] = &[
    ("clients_pkey", &["INSERT INTO clients (id, name) VALUES (2, 'new')"]),
    ("clients_name_key", &["INSERT INTO clients (name) VALUES ('local')"]),
    (
        "clients_name_check",
        &[
            "INSERT INTO clients (name) VALUES ('')",
            "INSERT INTO clients (name) VALUES (repeat('a', 65))",
        ],
    ),
    (
        "clients_rate_check",
        &[
            "UPDATE clients SET rate_requests = 1",
            "UPDATE clients SET rate_window_seconds = 1",
            "UPDATE clients SET rate_requests = -1, rate_window_seconds = 1",
            "UPDATE clients SET rate_requests = 1, rate_window_seconds = 0",
            "UPDATE clients SET rate_requests = 1, rate_window_seconds = 86401",
            "UPDATE clients SET rate_requests = 9007199255, rate_window_seconds = 1",
            "UPDATE clients SET rate_requests = 9223372036854775807, rate_window_seconds = 86400",
        ],
    ),
    ("test_clocks_pkey", &["INSERT INTO test_clocks SELECT * FROM test_clocks"]),
    ("test_clocks_client_fkey", &["UPDATE test_clocks SET client_id = 77"]),
    (
        "test_clocks_years_check",
        &[
            "UPDATE test_clocks SET now = '1999-12-31T23:59:59.999999Z'",
            "UPDATE test_clocks SET now = '9000-01-01T00:00:00Z'",
        ],
    ),
    (
        "test_clocks_job_check",
        &[
            "UPDATE test_clocks SET target = now",
            "UPDATE test_clocks SET job_id = gen_random_uuid()",
        ],
    ),
    (
        "test_clocks_target_check",
        &["UPDATE test_clocks SET target = now - interval '1 second', job_id = gen_random_uuid()"],
    ),
    ("clients_operator_key", &["UPDATE clients SET is_operator = true WHERE id = 2"]),
    ("api_keys_pkey", &["INSERT INTO api_keys SELECT * FROM api_keys"]),
    ("api_keys_client_fkey", &["UPDATE api_keys SET client_id = 77"]),
    (
        "api_keys_id_check",
        &["UPDATE api_keys SET id = 'short'", "UPDATE api_keys SET id = 'AbCd123-'"],
    ),
    ("api_keys_secret_hash_check", &["UPDATE api_keys SET secret_hash = '\\xab'"]),
    ("api_keys_scope_check", &["UPDATE api_keys SET scope = 'root'"]),
    ("job_keys_pkey", &["INSERT INTO job_keys SELECT * FROM job_keys"]),
    (
        "job_keys_kid_check",
        &["UPDATE job_keys SET kid = 'short'", "UPDATE job_keys SET kid = 'abcd123\"'"],
    ),
    ("job_keys_secret_check", &["UPDATE job_keys SET secret = '\\xab'"]),
    ("accepted_jobs_pkey", &["INSERT INTO accepted_jobs SELECT * FROM accepted_jobs"]),
    ("accepted_jobs_client_fkey", &["UPDATE accepted_jobs SET client_id = 77"]),
    ("accepted_jobs_fingerprint_check", &["UPDATE accepted_jobs SET fingerprint = '\\xab'"]),
    (
        "users_pkey",
        &["INSERT INTO users (id, client_id, email, created_at)
           SELECT id, client_id, 'new.' || email, created_at FROM users"],
    ),
    (
        "users_client_fkey",
        &["INSERT INTO users (client_id, email, created_at) VALUES (77, 'cid@a.org', now())"],
    ),
    (
        "users_email_check",
        &["UPDATE users SET email = 'a@'", "UPDATE users SET email = repeat('a', 255)"],
    ),
    (
        "users_email_key",
        &[
            "INSERT INTO users (client_id, email, created_at) VALUES (2, 'aNN@EXAMPLE.com', now())",
            "UPDATE users SET email = 'BEA@example.com' WHERE id = 1",
        ],
    ),
    (
        "users_external_id_check",
        &[
            "UPDATE users SET external_id = '' WHERE id = 1",
            "UPDATE users SET external_id = 'a b' WHERE id = 1",
            "UPDATE users SET external_id = 'é' WHERE id = 1",
            "UPDATE users SET external_id = repeat('a', 129) WHERE id = 1",
        ],
    ),
    ("users_external_id_key", &["UPDATE users SET external_id = 'same'"]),
    ("users_metadata_check", &["UPDATE users SET metadata = '[]'"]),
    (
        "subscriptions_pkey",
        &["INSERT INTO subscriptions (id, client_id, livemode, user_id, plan, status, months,
                                      start_date, end_date, created_at, updated_at)
           SELECT id, client_id, livemode, user_id, plan, 'expired', months, start_date, end_date,
                  created_at, updated_at FROM subscriptions"],
    ),
    ("subscriptions_user_fkey", &["UPDATE subscriptions SET user_id = 77"]),
    ("subscriptions_status_check", &["UPDATE subscriptions SET status = 'lost'"]),
    ("subscriptions_months_check", &["UPDATE subscriptions SET months = -1"]),
    ("subscriptions_grace_days_check", &["UPDATE subscriptions SET grace_days = 28"]),
    (
        "subscriptions_anchor_check",
        &[
            "UPDATE subscriptions SET anchor = now()",
            "UPDATE subscriptions SET anchor = now(), anchor_months = -1",
        ],
    ),
    (
        "subscriptions_flag_check",
        &["UPDATE subscriptions SET status = 'expired', cancel_at_period_end = true,
                                    cancelled_at = now()"],
    ),
    (
        "subscriptions_paused_check",
        &[
            "UPDATE subscriptions SET status = 'paused'",
            "UPDATE subscriptions SET paused_at = now()",
            "UPDATE subscriptions SET resume_at = now()",
        ],
    ),
    (
        "subscriptions_live_due_check",
        &["UPDATE subscriptions SET status = 'past_due', due_at = NULL"],
    ),
    (
        "subscriptions_period_check",
        &[
            "UPDATE subscriptions SET end_date = start_date",
            "UPDATE subscriptions SET start_date = end_date + interval '1 microsecond'",
            "UPDATE subscriptions SET status = 'scheduled'",
            "UPDATE subscriptions SET status = 'cancelled', cancelled_at = now(),
                                      start_date = end_date + interval '1 microsecond'",
        ],
    ),
    (
        "subscriptions_next_plan_check",
        &[
            "UPDATE subscriptions SET next_plan = 'monthly'",
            "UPDATE subscriptions SET next_plan_version = 1",
            "UPDATE subscriptions SET next_plan = 'monthly', next_plan_version = 0",
        ],
    ),
    (
        "subscriptions_cancelled_check",
        &[
            "UPDATE subscriptions SET status = 'cancelled'",
            "UPDATE subscriptions SET cancelled_at = now()",
            "UPDATE subscriptions SET status = 'expired', cancelled_at = now()",
            "UPDATE subscriptions SET cancel_at_period_end = true",
        ],
    ),
    (
        "subscriptions_one_live_key",
        &["INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                      start_date, end_date, due_at, paused_at, created_at,
                                      updated_at)
           SELECT client_id, livemode, user_id, plan, 'paused', 1, end_date,
                  end_date + interval '1 month', end_date, now(), now(), now()
           FROM subscriptions"],
    ),
    ("subscriptions_due_check", &["UPDATE subscriptions SET due_at = NULL"]),
    (
        "gifts_due_check",
        &["UPDATE gifts SET status = 'pending', redeemed_at = NULL, recipient_id = NULL"],
    ),
    ("gifts_pkey", &["INSERT INTO gifts SELECT * FROM gifts"]),
    ("gifts_gifter_fkey", &["UPDATE gifts SET gifter_id = 77"]),
    ("gifts_recipient_fkey", &["UPDATE gifts SET recipient_id = 77"]),
    (
        "gifts_status_check",
        &["UPDATE gifts SET status = 'lost', redeemed_at = NULL, recipient_id = NULL"],
    ),
    ("gifts_plan_version_check", &["UPDATE gifts SET plan_version = 0"]),
    (
        "gifts_grace_days_check",
        &["UPDATE gifts SET grace_days = -1", "UPDATE gifts SET grace_days = 28"],
    ),
    ("gifts_months_check", &["UPDATE gifts SET months = 0"]),
    (
        "gifts_redeemed_check",
        &[
            "UPDATE gifts SET status = 'pending', due_at = now()",
            "UPDATE gifts SET redeemed_at = NULL",
            "UPDATE gifts SET recipient_id = NULL",
            "UPDATE gifts SET redeemed_at = NULL, recipient_id = NULL",
        ],
    ),
    ("grants_pkey", &["INSERT INTO grants OVERRIDING SYSTEM VALUE SELECT * FROM grants"]),
    ("grants_subscription_fkey", &["UPDATE grants SET subscription_id = 77"]),
    ("grants_gift_fkey", &["UPDATE grants SET gift_id = 77"]),
    ("grants_source_check", &["UPDATE grants SET source = 'theft', gift_id = NULL"]),
    ("grants_months_check", &["UPDATE grants SET months = 0"]),
    ("grants_reason_check", &["UPDATE grants SET reason = 'an outage'"]),
    (
        "grants_gift_check",
        &["UPDATE grants SET gift_id = NULL", "UPDATE grants SET source = 'renewal'"],
    ),
    (
        "grants_gift_key",
        &["INSERT INTO grants (client_id, subscription_id, source, months, gift_id, job_id,
                               granted_at)
           SELECT client_id, subscription_id, source, 1, gift_id, gen_random_uuid(), now()
           FROM grants"],
    ),
    (
        "transactions_pkey",
        &["INSERT INTO transactions OVERRIDING SYSTEM VALUE SELECT * FROM transactions"],
    ),
    ("transactions_client_fkey", &["UPDATE transactions SET client_id = 77"]),
    (
        "transactions_idempotency_key",
        &["INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint,
                                     operation, entity_id, status, body, attempts, submitted_at,
                                     decided_at, finished_at)
           SELECT gen_random_uuid(), client_id, origin, idempotency_key, fingerprint, operation,
                  entity_id, status, body, attempts, submitted_at, decided_at, finished_at
           FROM transactions"],
    ),
    ("transactions_origin_check", &["UPDATE transactions SET origin = 'nobody'"]),
    (
        "transactions_input_check",
        &["UPDATE transactions SET input = '{}'", "UPDATE transactions SET origin = 'internal'"],
    ),
    (
        "transactions_answer_check",
        &[
            "UPDATE transactions SET status = NULL",
            "UPDATE transactions SET body = NULL",
            "UPDATE transactions SET finished_at = NULL",
            "UPDATE transactions SET status = NULL, body = NULL, finished_at = NULL",
        ],
    ),
    ("effects_pkey", &["INSERT INTO effects SELECT * FROM effects"]),
    ("effects_client_fkey", &["UPDATE effects SET client_id = 77"]),
    ("effects_attempts_check", &["UPDATE effects SET attempts = -1"]),
    (
        "effects_lease_check",
        &[
            "UPDATE effects SET holder = gen_random_uuid()",
            "UPDATE effects SET lease_until = now()",
        ],
    ),
    ("transactions_fingerprint_check", &["UPDATE transactions SET fingerprint = '\\xab'"]),
    (
        "transactions_status_check",
        &[
            "UPDATE transactions SET status = 503, entity_id = NULL",
            "UPDATE transactions SET status = 199",
        ],
    ),
    (
        "transactions_entity_check",
        &[
            "UPDATE transactions SET entity_id = NULL",
            "UPDATE transactions SET status = 409",
            "UPDATE transactions SET status = 400",
        ],
    ),
    ("subscriptions_plan_version_check", &["UPDATE subscriptions SET plan_version = 0"]),
    ("plans_pkey", &["INSERT INTO plans SELECT * FROM plans"]),
    (
        "plans_client_fkey",
        &["INSERT INTO plans (client_id, code, name, tier, tier_rank, features, version, created_at)
           VALUES (77, 'gold', 'Gold', 'gold', 0, '{}', 1, now())"],
    ),
    ("plans_version_fkey", &["UPDATE plans SET version = 2"]),
    (
        "plans_code_check",
        &[
            "UPDATE plans SET code = 'Monthly' WHERE code = 'monthly'",
            "UPDATE plans SET code = '' WHERE code = 'monthly'",
            "UPDATE plans SET code = repeat('a', 65) WHERE code = 'monthly'",
        ],
    ),
    (
        "plans_name_check",
        &["UPDATE plans SET name = ''", "UPDATE plans SET name = repeat('a', 201)"],
    ),
    ("plans_tier_check", &["UPDATE plans SET tier = ''", "UPDATE plans SET tier = 'a b'"]),
    (
        "plans_tier_rank_check",
        &["UPDATE plans SET tier_rank = -1", "UPDATE plans SET tier_rank = 1001"],
    ),
    (
        "plans_features_check",
        &[
            "UPDATE plans SET features = ARRAY['a', NULL]",
            "UPDATE plans SET features = array_fill('a'::text, ARRAY[101])",
        ],
    ),
    ("plan_versions_pkey", &["INSERT INTO plan_versions SELECT * FROM plan_versions"]),
    (
        "plan_versions_plan_fkey",
        &["INSERT INTO plan_versions (client_id, code, version, interval, amount, currency,
                                      trial_days, grace_days, created_at)
           VALUES (2, 'gold', 1, 'month', 0, 'USD', 0, 7, now())"],
    ),
    (
        "plan_versions_version_check",
        &["INSERT INTO plan_versions (client_id, code, version, interval, amount, currency,
                                      trial_days, grace_days, created_at)
           VALUES (2, 'monthly', 0, 'month', 0, 'USD', 0, 7, now())"],
    ),
    ("plan_versions_interval_check", &["UPDATE plan_versions SET interval = 'week'"]),
    (
        "plan_versions_amount_check",
        &[
            "UPDATE plan_versions SET amount = -1",
            "UPDATE plan_versions SET amount = 1000000000001",
        ],
    ),
    ("plan_versions_currency_check", &["UPDATE plan_versions SET currency = 'usd'"]),
    (
        "plan_versions_trial_days_check",
        &["UPDATE plan_versions SET trial_days = -1", "UPDATE plan_versions SET trial_days = 731"],
    ),
    (
        "plan_versions_grace_days_check",
        &["UPDATE plan_versions SET grace_days = -1", "UPDATE plan_versions SET grace_days = 28"],
    ),
    (
        "audit_pkey",
        &["INSERT INTO audit (client_id, id, at, actor, action, subject, detail)
           OVERRIDING SYSTEM VALUE
           SELECT client_id, id, at, actor, action, subject, detail FROM audit"],
    ),
    ("audit_client_fkey", &["UPDATE audit SET client_id = 77"]),
];
