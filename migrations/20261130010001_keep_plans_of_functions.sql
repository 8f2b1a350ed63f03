-- A function in SQL is parsed and planned anew for each call, which took a settlement more time
-- than all else that is loaded for it. In PL/pgSQL a session plans it once. What they return is as
-- before. (`found` is a variable of PL/pgSQL, too.)

SET LOCAL lock_timeout = '500ms';

CREATE OR REPLACE FUNCTION find_external_ids(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT jsonb_set(
            needs::jsonb,
            '{users}',
            coalesce(needs::jsonb->'users', '[]')
                || (SELECT coalesce(jsonb_agg(found), '[]')
                    FROM json_to_recordset(needs->'external_ids')
                             AS named (client_id bigint, external_id text),
                        LATERAL (SELECT client_id, id FROM users
                                 WHERE users.client_id = named.client_id
                                   AND users.external_id = named.external_id
                                 LIMIT 1) AS found)
        )::json
    );
END $$;

CREATE OR REPLACE FUNCTION load_tiers(loaded json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT json_agg(found)
        FROM (SELECT named.client_id, named.plan
              FROM (VALUES (loaded->'gifts'), (loaded->'subscriptions')) AS list (of_rows),
                  LATERAL json_to_recordset(CASE json_typeof(list.of_rows) WHEN 'array'
                                            THEN list.of_rows END)
                      AS named (client_id bigint, plan text)
              GROUP BY named.client_id, named.plan) AS wanted,
            LATERAL (SELECT plans.client_id, plans.code, plans.tier FROM plans
                     WHERE plans.client_id = wanted.client_id AND plans.code = wanted.plan
                     LIMIT 1) AS found
    );
END $$;

CREATE OR REPLACE FUNCTION find_money(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        WITH named AS MATERIALIZED (
            SELECT found.client_id, found.id, found.user_id, found.subscription_id, found.gift_id
            FROM (SELECT by_id.client_id, by_id.id
                  FROM json_to_recordset(needs->'payments') AS by_id (client_id bigint, id bigint)
                  UNION
                  SELECT found.client_id, found.payment_id
                  FROM json_to_recordset(needs->'refunds') AS by_id (client_id bigint, id bigint),
                      LATERAL (SELECT client_id, payment_id FROM refunds
                               WHERE refunds.client_id = by_id.client_id AND refunds.id = by_id.id
                               LIMIT 1) AS found) AS wanted,
                LATERAL (SELECT client_id, id, user_id, subscription_id, gift_id FROM payments
                         WHERE payments.client_id = wanted.client_id AND payments.id = wanted.id
                         LIMIT 1) AS found
        ),
        found_users AS (
            SELECT client_id, user_id AS id FROM named
            UNION
            SELECT found.client_id, found.user_id
            FROM json_to_recordset(needs->'methods') AS by_id (client_id bigint, id bigint),
                LATERAL (SELECT client_id, user_id FROM payment_methods
                         WHERE payment_methods.client_id = by_id.client_id
                           AND payment_methods.id = by_id.id LIMIT 1) AS found
        ),
        found_subscriptions AS (
            SELECT client_id, subscription_id AS id FROM named WHERE subscription_id IS NOT NULL
            UNION
            SELECT paid.client_id, paid.subscription_id
            FROM named,
                LATERAL (SELECT client_id, subscription_id FROM grants
                         WHERE grants.client_id = named.client_id AND grants.payment_id = named.id
                         ORDER BY id) AS paid
        )
        SELECT (needs::jsonb || jsonb_build_object(
            'payments', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                             'client_id', client_id, 'id', id)), '[]') FROM named),
            'users', coalesce(needs::jsonb->'users', '[]')
                || (SELECT coalesce(jsonb_agg(found), '[]') FROM found_users AS found),
            'subscriptions', coalesce(needs::jsonb->'subscriptions', '[]')
                || (SELECT coalesce(jsonb_agg(found), '[]') FROM found_subscriptions AS found),
            'owners_of', coalesce(needs::jsonb->'owners_of', '[]')
                || (SELECT coalesce(jsonb_agg(found), '[]') FROM found_subscriptions AS found),
            'gifts', coalesce(needs::jsonb->'gifts', '[]')
                || (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object(
                               'client_id', client_id, 'id', gift_id)), '[]')
                    FROM named WHERE gift_id IS NOT NULL)))::json
    );
END $$;

CREATE OR REPLACE FUNCTION with_terms_of_live(plan_needs json, loaded json) RETURNS json
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN (
        SELECT (coalesce(plan_needs::jsonb, '{}') || jsonb_build_object('terms_of',
            coalesce(plan_needs::jsonb->'terms_of', '[]')
            || (SELECT coalesce(jsonb_agg(jsonb_build_object('client_id', live.client_id,
                                                             'id', live.id)), '[]')
                FROM json_to_recordset(CASE json_typeof(loaded->'subscriptions') WHEN 'array'
                                       THEN loaded->'subscriptions' END)
                    AS live (client_id bigint, id bigint, status text)
                WHERE live.status IN ('trialing', 'active', 'past_due', 'paused'))))::json
    );
END $$;
