-- The rows that a batch needs and that others have locked: see locked.rs. Each row is locked here
-- for a moment, to see whether it can be. EXISTS looks at each row by itself.
WITH needs AS MATERIALIZED (SELECT find_money($1::text::json) AS needs),
locked_clocks AS MATERIALIZED (
    SELECT found.client_id
    FROM unnest($2::bigint[]) AS named (client_id),
        LATERAL (SELECT client_id FROM test_clocks
                 WHERE test_clocks.client_id = named.client_id LIMIT 1) AS found
    WHERE NOT EXISTS (SELECT FROM test_clocks
                      WHERE test_clocks.client_id = found.client_id FOR SHARE SKIP LOCKED)
),
named_subscriptions AS (
    SELECT found.client_id, found.id, found.user_id
    FROM needs, json_to_recordset(needs.needs->'subscriptions') AS named (client_id bigint, id bigint),
        LATERAL (SELECT client_id, id, user_id FROM subscriptions
                 WHERE subscriptions.client_id = named.client_id AND subscriptions.id = named.id
                 LIMIT 1) AS found
),
named_emails AS (
    SELECT found.client_id, found.id, named.email
    FROM needs, json_to_recordset(needs.needs->'emails') AS named (client_id bigint, email text),
        LATERAL (SELECT client_id, id FROM users
                 WHERE users.client_id = named.client_id
                   AND lower(users.email COLLATE "C") = named.email COLLATE "C"
                 LIMIT 1) AS found
),
named_external_ids AS (
    SELECT found.client_id, found.id, named.external_id
    FROM needs, json_to_recordset(needs.needs->'external_ids')
                    AS named (client_id bigint, external_id text),
        LATERAL (SELECT client_id, id FROM users
                 WHERE users.client_id = named.client_id
                   AND users.external_id = named.external_id LIMIT 1) AS found
),
named_users AS (
    SELECT found.client_id, found.id
    FROM needs, json_to_recordset(needs.needs->'users') AS named (client_id bigint, id bigint),
        LATERAL (SELECT client_id, id FROM users
                 WHERE users.client_id = named.client_id AND users.id = named.id LIMIT 1) AS found
    UNION SELECT client_id, user_id FROM named_subscriptions
    UNION SELECT client_id, id FROM named_emails
    UNION SELECT client_id, id FROM named_external_ids
),
named_gifts AS (
    SELECT found.client_id, found.id
    FROM needs, json_to_recordset(needs.needs->'gifts') AS named (client_id bigint, id bigint),
        LATERAL (SELECT client_id, id FROM gifts
                 WHERE gifts.client_id = named.client_id AND gifts.id = named.id LIMIT 1) AS found
),
named_payments AS (
    SELECT found.client_id, found.id, found.user_id, found.gift_id
    FROM needs, json_to_recordset(needs.needs->'payments') AS named (client_id bigint, id bigint),
        LATERAL (SELECT client_id, id, user_id, gift_id FROM payments
                 WHERE payments.client_id = named.client_id AND payments.id = named.id
                 LIMIT 1) AS found
),
named_methods AS (
    SELECT found.client_id, found.id, found.user_id
    FROM needs, json_to_recordset(needs.needs->'methods') AS named (client_id bigint, id bigint),
        LATERAL (SELECT client_id, id, user_id FROM payment_methods
                 WHERE payment_methods.client_id = named.client_id
                   AND payment_methods.id = named.id LIMIT 1) AS found
),
live_subscriptions AS (
    SELECT found.client_id, found.id, found.user_id
    FROM named_users,
        LATERAL (SELECT client_id, id, user_id FROM subscriptions
                 WHERE subscriptions.client_id = named_users.client_id
                   AND subscriptions.user_id = named_users.id
                   AND subscriptions.status IN ('trialing', 'active', 'past_due', 'paused')
                 LIMIT 1) AS found
),
waiting_subscriptions AS (
    SELECT found.client_id, found.id, found.user_id
    FROM named_users,
        LATERAL (SELECT client_id, id, user_id FROM subscriptions
                 WHERE subscriptions.client_id = named_users.client_id
                   AND subscriptions.user_id = named_users.id
                   AND subscriptions.status = 'scheduled'
                 ORDER BY id) AS found
),
unpaid_subscriptions AS (
    SELECT found.client_id, found.id, found.user_id
    FROM named_users,
        LATERAL (SELECT client_id, id, user_id FROM subscriptions
                 WHERE subscriptions.client_id = named_users.client_id
                   AND subscriptions.user_id = named_users.id
                   AND subscriptions.status = 'pending'
                 LIMIT 1) AS found
),
locked_subscriptions AS MATERIALIZED (
    SELECT client_id, id, user_id
    FROM (SELECT client_id, id, user_id FROM named_subscriptions
          UNION SELECT client_id, id, user_id FROM live_subscriptions
          UNION SELECT client_id, id, user_id FROM waiting_subscriptions
          UNION SELECT client_id, id, user_id FROM unpaid_subscriptions) AS wanted
    WHERE NOT EXISTS (SELECT FROM subscriptions
                      WHERE subscriptions.client_id = wanted.client_id
                        AND subscriptions.id = wanted.id FOR NO KEY UPDATE SKIP LOCKED)
),
locked_users AS MATERIALIZED (
    SELECT client_id, id FROM named_users
    WHERE NOT EXISTS (SELECT FROM users
                      WHERE users.client_id = named_users.client_id AND users.id = named_users.id
                      FOR NO KEY UPDATE SKIP LOCKED)
    UNION SELECT client_id, user_id FROM locked_subscriptions
),
locked_gifts AS MATERIALIZED (
    SELECT client_id, id FROM named_gifts
    WHERE NOT EXISTS (SELECT FROM gifts
                      WHERE gifts.client_id = named_gifts.client_id AND gifts.id = named_gifts.id
                      FOR NO KEY UPDATE SKIP LOCKED)
),
locked_plans AS MATERIALIZED (
    SELECT found.client_id, found.code
    FROM needs, json_to_recordset(needs.needs->'plans_to_lock')
            AS named (client_id bigint, code text),
        LATERAL (SELECT client_id, code FROM plans
                 WHERE plans.client_id = named.client_id AND plans.code = named.code
                 LIMIT 1) AS found
    WHERE NOT EXISTS (SELECT FROM plans
                      WHERE plans.client_id = found.client_id AND plans.code = found.code
                      FOR NO KEY UPDATE SKIP LOCKED)
)
SELECT json_build_object(
    'clocks', (SELECT json_agg(client_id) FROM locked_clocks),
    'users', (SELECT json_agg(json_build_array(client_id, id)) FROM locked_users),
    'emails', (SELECT json_agg(json_build_array(client_id, email))
               FROM named_emails JOIN locked_users USING (client_id, id)),
    'external_ids', (SELECT json_agg(json_build_array(client_id, external_id))
                     FROM named_external_ids JOIN locked_users USING (client_id, id)),
    'subscriptions', (SELECT json_agg(json_build_array(named.client_id, named.id))
                      FROM named_subscriptions AS named
                      JOIN locked_users ON locked_users.client_id = named.client_id
                                       AND locked_users.id = named.user_id),
    'gifts', (SELECT json_agg(json_build_array(client_id, id)) FROM locked_gifts),
    'plans', (SELECT json_agg(json_build_array(client_id, code)) FROM locked_plans),
    'payments', (SELECT json_agg(json_build_array(named.client_id, named.id))
                 FROM named_payments AS named
                 WHERE EXISTS (SELECT FROM locked_users
                               WHERE locked_users.client_id = named.client_id
                                 AND locked_users.id = named.user_id)
                    OR EXISTS (SELECT FROM locked_gifts
                               WHERE locked_gifts.client_id = named.client_id
                                 AND locked_gifts.id = named.gift_id)),
    'methods', (SELECT json_agg(json_build_array(named.client_id, named.id))
                FROM named_methods AS named
                JOIN locked_users ON locked_users.client_id = named.client_id
                                 AND locked_users.id = named.user_id)
)::text AS "locked!"
