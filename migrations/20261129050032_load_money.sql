-- What batches load of money. A batch that has to do with none loads no more than before. Each list
-- has a function of its own; load_money says which of them are needed.
--
-- All are in PL/pgSQL: a session plans such a function once, and one in SQL for each call.

SET LOCAL lock_timeout = '500ms';

-- The needs of a batch, with what the payments, methods and refunds among them have to do with:
-- their users; the subscriptions and gifts that are paid for; and the subscriptions with grants
-- that were paid for, which load_money looks at again when the locks are held. All else of them
-- never changes, so it may be looked up before. Only batches that name such rows call this.
CREATE FUNCTION find_money(needs json) RETURNS json LANGUAGE plpgsql AS $$
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

-- Whether a payment among those that are named has paid for a subscription that is not: between
-- find_money and the locks another one may have got what was paid for.
CREATE FUNCTION has_moved(needs json) RETURNS boolean LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN EXISTS (
        SELECT FROM json_to_recordset(needs->'payments') AS named (client_id bigint, id bigint),
            LATERAL (SELECT client_id, subscription_id FROM grants
                     WHERE grants.client_id = named.client_id AND grants.payment_id = named.id
                     ORDER BY id) AS paid
        WHERE (paid.client_id, paid.subscription_id) NOT IN (
            SELECT known.client_id, known.id
            FROM json_to_recordset(needs->'subscriptions') AS known (client_id bigint, id bigint)
            WHERE known.client_id IS NOT NULL AND known.id IS NOT NULL));
END $$;

-- The grants of subscriptions in `grants_of` and of those that wait, without those that are closed;
-- and all of subscriptions that a named payment is for or has paid for. Beside gifts that something
-- was paid for, those of what their recipients have.
CREATE FUNCTION load_grants(needs json, subscriptions json, beside_gifts boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT jsonb_agg(given.grant_row)
        FROM (SELECT wanted.client_id, wanted.id, bool_or(wanted.whole) AS whole
              FROM (SELECT named.client_id, named.id, false AS whole
                    FROM json_to_recordset(needs->'grants_of')
                        AS named (client_id bigint, id bigint)
                    UNION ALL
                    SELECT waiting.client_id, waiting.id, false
                    FROM json_to_recordset(subscriptions)
                        AS waiting (client_id bigint, id bigint, status text)
                    WHERE waiting.status IN ('scheduled', 'paused')
                       OR beside_gifts
                          AND waiting.status IN ('trialing', 'active', 'past_due')
                    UNION ALL
                    -- What a payment is for: a change of plan replaces its grants.
                    SELECT paying.client_id, paying.subscription_id, true
                    FROM json_to_recordset(needs->'payments')
                            AS named (client_id bigint, id bigint),
                        LATERAL (SELECT client_id, subscription_id FROM payments
                                 WHERE payments.client_id = named.client_id
                                   AND payments.id = named.id LIMIT 1) AS paying
                    UNION ALL
                    SELECT paid.client_id, paid.subscription_id, true
                    FROM json_to_recordset(needs->'payments')
                            AS named (client_id bigint, id bigint),
                        LATERAL (SELECT client_id, subscription_id FROM grants
                                 WHERE grants.client_id = named.client_id
                                   AND grants.payment_id = named.id ORDER BY id) AS paid
                   ) AS wanted
                  JOIN json_to_recordset(subscriptions) AS had (client_id bigint, id bigint)
                      ON had.client_id = wanted.client_id AND had.id = wanted.id
              GROUP BY wanted.client_id, wanted.id) AS of_subscription,
            LATERAL grants_of(of_subscription.client_id, of_subscription.id) AS given
        -- Those without months were replaced by a change of plan, whose money may be paid back.
        WHERE given.closed_at IS NULL OR of_subscription.whole
           OR (given.grant_row->>'months')::integer = 0
    );
END $$;

-- The payments that are named, those that loaded subscriptions and gifts name, and those of loaded
-- grants. Of those named only those that have all that they are for: load_unlocked may lack some.
CREATE FUNCTION load_payments(
    needs json, users json, subscriptions json, gifts json, grants jsonb
) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(found.payment)
        FROM (SELECT named.client_id, named.id, true AS is_named
              FROM json_to_recordset(needs->'payments') AS named (client_id bigint, id bigint)
              UNION
              SELECT paying.client_id, paying.payment_id, false
              FROM json_to_recordset(subscriptions)
                  AS paying (client_id bigint, payment_id bigint)
              WHERE paying.payment_id IS NOT NULL
              UNION
              SELECT paying.client_id, paying.payment_id, false
              FROM json_to_recordset(gifts) AS paying (client_id bigint, payment_id bigint)
              WHERE paying.payment_id IS NOT NULL
              UNION
              SELECT paying.client_id, paying.payment_id, false
              FROM jsonb_to_recordset(grants) AS paying (client_id bigint, payment_id bigint)
              WHERE paying.payment_id IS NOT NULL) AS wanted,
            LATERAL (SELECT payment_row AS payment, payment_row.client_id, payment_row.user_id,
                            payment_row.subscription_id, payment_row.gift_id
                     FROM payments AS payment_row
                     WHERE payment_row.client_id = wanted.client_id AND payment_row.id = wanted.id
                     LIMIT 1) AS found
        WHERE NOT wanted.is_named
           OR (found.client_id, found.user_id) IN (
                  SELECT had.client_id, had.id
                  FROM json_to_recordset(users) AS had (client_id bigint, id bigint))
              AND (found.subscription_id IS NULL
                   OR (found.client_id, found.subscription_id) IN (
                       SELECT had.client_id, had.id
                       FROM json_to_recordset(subscriptions) AS had (client_id bigint, id bigint)))
              AND (found.gift_id IS NULL
                   OR (found.client_id, found.gift_id) IN (
                       SELECT had.client_id, had.id
                       FROM json_to_recordset(gifts) AS had (client_id bigint, id bigint)))
    );
END $$;

-- The methods that are named, the default ones of the users and those of loaded payments, if their
-- users are loaded.
CREATE FUNCTION load_methods(needs json, users json, payments json) RETURNS json
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(found.method)
        FROM (SELECT named.client_id, named.id
              FROM json_to_recordset(needs->'methods') AS named (client_id bigint, id bigint)
              UNION
              SELECT payer.client_id, payer.default_method
              FROM json_to_recordset(users) AS payer (client_id bigint, default_method bigint)
              WHERE payer.default_method IS NOT NULL
              UNION
              SELECT charged.client_id, charged.method_id
              FROM json_to_recordset(payments) AS charged (client_id bigint, method_id bigint)
              WHERE charged.method_id IS NOT NULL) AS wanted,
            LATERAL (SELECT method_row AS method, method_row.client_id, method_row.user_id
                     FROM payment_methods AS method_row
                     WHERE method_row.client_id = wanted.client_id AND method_row.id = wanted.id
                     LIMIT 1) AS found
        WHERE (found.client_id, found.user_id) IN (
            SELECT had.client_id, had.id
            FROM json_to_recordset(users) AS had (client_id bigint, id bigint))
    );
END $$;

-- The refunds that are named, if their payments are loaded.
CREATE FUNCTION load_refunds(needs json, payments json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(found.refund)
        FROM json_to_recordset(needs->'refunds') AS named (client_id bigint, id bigint),
            LATERAL (SELECT refund_row AS refund, refund_row.client_id, refund_row.payment_id
                     FROM refunds AS refund_row
                     WHERE refund_row.client_id = named.client_id AND refund_row.id = named.id
                     LIMIT 1) AS found
        WHERE (found.client_id, found.payment_id) IN (
            SELECT had.client_id, had.id
            FROM json_to_recordset(payments) AS had (client_id bigint, id bigint))
    );
END $$;

-- The tiers of the plans of payments: a gift is compared with what its recipient is about to have.
CREATE FUNCTION load_tiers_of(payments json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(found.tier)
        FROM json_to_recordset(payments) AS paying (client_id bigint, plan text),
            LATERAL (SELECT json_build_object('client_id', plans.client_id, 'code', plans.code,
                                              'tier', plans.tier) AS tier
                     FROM plans
                     WHERE plans.client_id = paying.client_id AND plans.code = paying.plan
                     LIMIT 1) AS found
    );
END $$;

-- The trials that the users have had, by id and by email.
CREATE FUNCTION load_trials(users json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(json_build_object('client_id', had.client_id, 'user_id', had.id,
                                          'tier', used.tier))
        FROM json_to_recordset(users) AS had (client_id bigint, id bigint, email text),
            LATERAL (SELECT by_user.tier FROM used_trials AS by_user
                     WHERE by_user.client_id = had.client_id AND by_user.user_id = had.id
                     UNION
                     SELECT by_email.tier FROM used_trials AS by_email
                     WHERE by_email.client_id = had.client_id
                       AND by_email.email_hash = trial_email_hash(had.email)) AS used
    );
END $$;

-- The open grants of the subscriptions in `new_grants_of`: as many new ids are needed.
CREATE FUNCTION count_open_grants(needs json) RETURNS bigint LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT count(*)
        FROM json_to_recordset(needs->'new_grants_of') AS named (client_id bigint, id bigint),
            LATERAL (SELECT id FROM grants
                     WHERE grants.client_id = named.client_id
                       AND grants.subscription_id = named.id
                       AND grants.closed_at IS NULL ORDER BY id) AS open_grant
    );
END $$;

-- What a batch has to do with money, once its rows are locked: `loaded` is what load_rows or
-- load_unlocked returned of the same needs, `plans` what load_plans did. It is called only for
-- batches that name something of it, or whose rows or plans show that they may have to do with it.
--
-- - payments: those named, those that loaded subscriptions and gifts name, those of loaded grants;
-- - methods: those named, and the default ones of the users where a plan has a price;
-- - grants: those of subscriptions in `grants_of` and of those that wait, without those that are
--   closed; and all of subscriptions that a named payment has paid for;
-- - trials: of the loaded users, by id and by email, where a plan has a trial;
-- - new_grants: as many as there are open grants of the subscriptions in `new_grants_of`.
CREATE FUNCTION load_money(needs json, loaded json, plans json) RETURNS json
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    -- A quote inside a string of JSON is escaped, so that these are members and no texts.
    is_priced  boolean := needs->'money' IS NOT NULL
                          AND coalesce(plans::text ~ '"amount":[1-9]', false);
    has_trials boolean := needs->'trials' IS NOT NULL
                          AND coalesce(plans::text ~ '"trial_days":[1-9]', false);
    beside_gifts boolean := needs->'beside_gifts' IS NOT NULL
                            AND coalesce((loaded->'gifts')::text ~ '"value":[1-9]', false);
    has_paid   boolean := loaded::text ~ '"payment_id":[0-9]';
    has_named  boolean := needs->'payments' IS NOT NULL;
    users         json := nullif((loaded->'users')::text, 'null');
    subscriptions json := nullif((loaded->'subscriptions')::text, 'null');
    gifts         json := nullif((loaded->'gifts')::text, 'null');
    grants   jsonb;
    payments json;
    methods  json;
    refunds  json;
    tiers    json;
    trials   json;
    open_grants bigint;
BEGIN
    IF has_named AND has_moved(needs) THEN
        RAISE EXCEPTION 'what a payment has paid for has changed'
            USING ERRCODE = 'serialization_failure';
    END IF;
    IF has_named OR needs->'grants_of' IS NOT NULL OR beside_gifts
       OR loaded::text ~ '"status":"(scheduled|paused)"' THEN
        grants := load_grants(needs, subscriptions, beside_gifts);
        has_paid := has_paid OR coalesce(grants::text ~ '"payment_id": [0-9]', false);
    END IF;
    IF needs->'new_grants_of' IS NOT NULL THEN
        open_grants := count_open_grants(needs);
    END IF;
    IF has_paid OR has_named THEN
        payments := load_payments(needs, users, subscriptions, gifts, grants);
    END IF;
    IF is_priced OR has_paid OR has_named OR needs->'methods' IS NOT NULL THEN
        methods := load_methods(needs, users, payments);
    END IF;
    IF needs->'refunds' IS NOT NULL THEN
        refunds := load_refunds(needs, payments);
    END IF;
    IF needs->'gifts' IS NOT NULL AND payments IS NOT NULL THEN
        tiers := load_tiers_of(payments);
    END IF;
    IF has_trials THEN
        trials := load_trials(users);
    END IF;
    RETURN json_build_object(
        'grants', grants, 'payments', payments, 'methods', methods, 'refunds', refunds,
        'trials', trials, 'tiers', tiers,
        'new_grants', ARRAY(SELECT nextval('grants_id_seq')
                            FROM generate_series(1, open_grants)));
END $$;
