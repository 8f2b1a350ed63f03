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
            '{}');
    INSERT INTO payment_methods (client_id, user_id, provider, reference, status, brand, last4,
                                 created_at)
    VALUES (2, 1, 'simulated', 'sim_ok', 'attached', 'simulated', '0000', now());
    INSERT INTO payments (client_id, user_id, subscription_id, purpose, plan, plan_version, amount,
                          cash, credit, currency, provider, method_id, phase, job_id, created_at,
                          expires_at, settled_at)
    VALUES (2, 1, 1, '{}', 'monthly', 1, 1500, 1000, 500, 'USD', 'simulated', 1, 'succeeded',
            gen_random_uuid(), now(), now(), now());
    INSERT INTO refunds (client_id, payment_id, amount, currency, status, is_of_late_money, cancels,
                         job_id, created_at)
    VALUES (2, 1, 100, 'USD', 'pending', false, false, gen_random_uuid(), now());
    INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
    VALUES (2, gen_random_uuid(), 'cash', 'deferred', 'USD', 1000, now());
    INSERT INTO ledger_places (client_id) VALUES (2);
    INSERT INTO ledger_closings (client_id, account, currency, amount) VALUES (2, 'cash', 'USD', 7);
    INSERT INTO used_trials (client_id, user_id, tier, email_hash)
    VALUES (2, 1, 'gold', trial_email_hash('Ann@example.com'));
    INSERT INTO provider_inbox (provider, event_id, payload) VALUES ('stripe', 'evt_1', '{}');
    INSERT INTO simulated_charges (provider_key, client_id, payment_id, amount, currency, status,
                                   method)
    VALUES ('key', 2, 1, 1000, 'USD', 'succeeded', 'sim_ok');
    INSERT INTO simulated_refunds (provider_key, client_id, payment_id, refund_id, amount, currency,
                                   status)
    VALUES ('key', 2, 1, 1, 100, 'USD', 'succeeded')";

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
    ("users_currency_check", &["UPDATE users SET currency = 'usd'"]),
    (
        "users_credit_check",
        &["UPDATE users SET credit = 1", "UPDATE users SET credit = -1, currency = 'USD'"],
    ),
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
    (
        "subscriptions_one_pending_key",
        &["INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                      start_date, end_date, due_at, created_at, updated_at)
           SELECT client_id, livemode, user_id, plan, 'pending', 1, now(), now(), now(), now(),
                  now()
           FROM subscriptions, generate_series(1, 2)"],
    ),
    (
        "subscriptions_conversion_check",
        &[
            "UPDATE subscriptions SET conversion_months = 0, conversion_payable = true",
            "UPDATE subscriptions SET conversion_months = 1, trial_end = now()",
            "UPDATE subscriptions SET conversion_months = 0, conversion_payable = true,
                                      trial_end = now()",
        ],
    ),
    ("subscriptions_attempts_check", &["UPDATE subscriptions SET attempts = -1"]),
    (
        "subscriptions_payment_check",
        &[
            "UPDATE subscriptions SET payment_id = 1",
            "UPDATE subscriptions SET payment_until = now()",
        ],
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
    (
        "gifts_value_check",
        &[
            "UPDATE gifts SET value = -1, currency = 'USD', payment_id = 1",
            "UPDATE gifts SET value = 1, currency = 'USD'",
            "UPDATE gifts SET value = 1, payment_id = 1",
        ],
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
    ("grants_months_check", &["UPDATE grants SET months = -1"]),
    (
        "grants_slice_check",
        &[
            "UPDATE grants SET slice_start = now()",
            "UPDATE grants SET slice_start = now(), slice_end = now() - interval '1 second'",
        ],
    ),
    ("grants_length_check", &["UPDATE grants SET length_us = 0"]),
    (
        "grants_value_check",
        &[
            "UPDATE grants SET value = 1",
            "UPDATE grants SET value = -1, currency = 'USD'",
            "UPDATE grants SET to_credit = -1",
        ],
    ),
    ("grants_payment_fkey", &["UPDATE grants SET payment_id = 77"]),
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
    ("payment_methods_pkey", &["INSERT INTO payment_methods SELECT * FROM payment_methods"]),
    ("payment_methods_user_fkey", &["UPDATE payment_methods SET user_id = 77"]),
    ("payment_methods_status_check", &["UPDATE payment_methods SET status = 'lost'"]),
    ("payment_methods_card_check", &["UPDATE payment_methods SET brand = NULL"]),
    ("payments_pkey", &["INSERT INTO payments SELECT * FROM payments"]),
    ("payments_user_fkey", &["UPDATE payments SET user_id = 77"]),
    ("payments_subscription_fkey", &["UPDATE payments SET subscription_id = 77"]),
    ("payments_gift_fkey", &["UPDATE payments SET subscription_id = NULL, gift_id = 77"]),
    ("payments_method_fkey", &["UPDATE payments SET method_id = 77"]),
    (
        "payments_subject_check",
        &["UPDATE payments SET subscription_id = NULL", "UPDATE payments SET gift_id = 1"],
    ),
    ("payments_plan_version_check", &["UPDATE payments SET plan_version = 0"]),
    (
        "payments_amount_check",
        &[
            "UPDATE payments SET amount = 1499",
            "UPDATE payments SET credit = -1",
            "UPDATE payments SET cash = -1, provider = NULL, method_id = NULL",
        ],
    ),
    ("payments_currency_check", &["UPDATE payments SET currency = 'usd'"]),
    (
        "payments_provider_check",
        &[
            "UPDATE payments SET cash = 0",
            "UPDATE payments SET provider = NULL",
            "UPDATE payments SET method_id = NULL",
        ],
    ),
    (
        "payments_phase_check",
        &[
            "UPDATE payments SET phase = 'lost', settled_at = NULL",
            "UPDATE payments SET phase = 'declined'",
            "UPDATE payments SET phase = 'action_required', settled_at = NULL",
            "UPDATE payments SET action_url = '/act'",
        ],
    ),
    (
        "payments_settled_check",
        &["UPDATE payments SET settled_at = NULL", "UPDATE payments SET phase = 'sent'"],
    ),
    (
        "payments_refunded_check",
        &[
            "UPDATE payments SET refunded = 600, refunding = 401",
            "UPDATE payments SET refunded = -1",
            "UPDATE payments SET refunding = -1",
            "UPDATE payments SET phase = 'cancelled', refunded = 1",
        ],
    ),
    (
        "payments_dispute_check",
        &[
            "UPDATE payments SET dispute = 'dp_1'",
            "UPDATE payments SET dispute_status = 'lost'",
            "UPDATE payments SET dispute = 'dp_1', disputed = 1001, dispute_status = 'lost'",
            "UPDATE payments SET dispute = 'dp_1', disputed = -1, dispute_status = 'lost'",
            "UPDATE payments SET dispute = 'dp_1', disputed = 1, dispute_status = 'ended'",
            "UPDATE payments SET dispute = 'dp_1', disputed = 1, dispute_status = 'lost',
                                 phase = 'cancelled'",
        ],
    ),
    ("refunds_pkey", &["INSERT INTO refunds SELECT * FROM refunds"]),
    ("refunds_payment_fkey", &["UPDATE refunds SET payment_id = 77"]),
    ("refunds_amount_check", &["UPDATE refunds SET amount = 0"]),
    ("refunds_currency_check", &["UPDATE refunds SET currency = 'usd'"]),
    (
        "refunds_status_check",
        &[
            "UPDATE refunds SET status = 'lost', settled_at = now()",
            "UPDATE refunds SET settled_at = now()",
            "UPDATE refunds SET status = 'failed'",
        ],
    ),
    (
        "ledger_pkey",
        &["INSERT INTO ledger (id, client_id, group_id, debit, credit, currency, amount, at)
           OVERRIDING SYSTEM VALUE
           SELECT id, client_id, group_id, debit, credit, currency, amount, at FROM ledger"],
    ),
    ("ledger_client_fkey", &["UPDATE ledger SET client_id = 77"]),
    ("ledger_amount_check", &["UPDATE ledger SET amount = 0"]),
    ("ledger_currency_check", &["UPDATE ledger SET currency = 'usd'"]),
    ("ledger_accounts_check", &["UPDATE ledger SET credit = 'cash'"]),
    ("ledger_places_pkey", &["INSERT INTO ledger_places SELECT * FROM ledger_places"]),
    ("ledger_places_client_fkey", &["INSERT INTO ledger_places (client_id) VALUES (77)"]),
    ("ledger_closings_pkey", &["INSERT INTO ledger_closings SELECT * FROM ledger_closings"]),
    ("ledger_closings_place_fkey", &["UPDATE ledger_closings SET client_id = 77"]),
    (
        "trial_email_key_pkey",
        &["INSERT INTO trial_email_key (inner_pad, outer_pad)
           SELECT inner_pad, outer_pad FROM trial_email_key"],
    ),
    (
        "trial_email_key_check",
        &[
            "INSERT INTO trial_email_key (only_one, inner_pad, outer_pad)
             SELECT false, inner_pad, outer_pad FROM trial_email_key",
            "UPDATE trial_email_key SET inner_pad = '\\xab'",
            "UPDATE trial_email_key SET outer_pad = '\\xab'",
        ],
    ),
    ("used_trials_pkey", &["INSERT INTO used_trials SELECT * FROM used_trials"]),
    (
        "used_trials_email_key",
        &["INSERT INTO used_trials (client_id, user_id, tier, email_hash)
           VALUES (2, 2, 'gold', trial_email_hash('aNN+more@example.com'))"],
    ),
    ("used_trials_client_fkey", &["UPDATE used_trials SET client_id = 77"]),
    ("used_trials_email_hash_check", &["UPDATE used_trials SET email_hash = '\\xab'"]),
    (
        "provider_inbox_pkey",
        &["INSERT INTO provider_inbox (provider, event_id, payload)
           VALUES ('stripe', 'evt_1', '{}')"],
    ),
    ("provider_inbox_attempts_check", &["UPDATE provider_inbox SET attempts = -1"]),
    ("simulated_charges_pkey", &["INSERT INTO simulated_charges SELECT * FROM simulated_charges"]),
    ("simulated_charges_amount_check", &["UPDATE simulated_charges SET amount = 0"]),
    ("simulated_charges_status_check", &["UPDATE simulated_charges SET status = 'lost'"]),
    ("simulated_refunds_pkey", &["INSERT INTO simulated_refunds SELECT * FROM simulated_refunds"]),
    ("simulated_refunds_amount_check", &["UPDATE simulated_refunds SET amount = 0"]),
    ("simulated_refunds_status_check", &["UPDATE simulated_refunds SET status = 'lost'"]),
];
