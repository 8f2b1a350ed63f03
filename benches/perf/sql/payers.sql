-- A plan that costs something, and a card that can be charged for each user who has none.
INSERT INTO plans (client_id, code, name, tier, tier_rank, features, version, created_at)
VALUES (2, 'priced', 'Priced', 'priced', 1, ARRAY[]::text[], 1, now()) ON CONFLICT DO NOTHING;
INSERT INTO plan_versions (client_id, code, version, "interval", amount, currency, trial_days,
                           grace_days, created_at)
VALUES (2, 'priced', 1, 'month', 1500, 'USD', 0, 7, now()) ON CONFLICT DO NOTHING;
WITH method AS (
    INSERT INTO payment_methods (client_id, user_id, provider, reference, customer, status, brand,
                                 last4, created_at)
    SELECT 2, id, 'simulated', 'sim_ok', 'sim_customer_2_' || id, 'attached', 'simulated', '4242',
           now()
    FROM users WHERE client_id = 2 AND default_method IS NULL
    RETURNING id, user_id
)
UPDATE users SET default_method = method.id FROM method
WHERE users.client_id = 2 AND users.id = method.user_id;
