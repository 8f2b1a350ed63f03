-- What batches load of money. A batch that has to do with none loads no more than before.

SET LOCAL lock_timeout = '500ms';

-- That instant and so many months more, or less, by the calendar of UTC.
CREATE FUNCTION months_after(instant timestamptz, months integer) RETURNS timestamptz
IMMUTABLE LANGUAGE sql AS $$
    SELECT (instant AT TIME ZONE 'UTC' + make_interval(months => months)) AT TIME ZONE 'UTC'
$$;

-- The grants of a subscription in the order of their ids, each with its slice. A row of a release
-- before has none: it covers its months after those of the grants before it, counted from the
-- anchor, or back from it. One that waits, or never began, covers nothing.
CREATE FUNCTION grants_of(of_client bigint, of_subscription bigint) RETURNS TABLE (
    id bigint, source text, gift_id bigint, reason text, slice_start timestamptz,
    slice_end timestamptz, payment_id bigint, closed_at timestamptz, grant_row jsonb
) STABLE LANGUAGE sql AS $$
    SELECT placed.id, placed.source, placed.gift_id, placed.reason, placed.covers_from,
           placed.covers_to, placed.payment_id, placed.closed_at,
           to_jsonb(placed.stored) || jsonb_build_object('slice_start', placed.covers_from,
                                                         'slice_end', placed.covers_to)
    FROM (SELECT ended.id, ended.source, ended.gift_id, ended.reason, ended.payment_id,
                 ended.closed_at, ended.stored, ended.covers_to,
                 CASE WHEN ended.stored_start IS NOT NULL OR NOT ended.has_begun
                      THEN ended.stored_start
                      ELSE coalesce(lag(ended.covers_to) OVER (ORDER BY ended.id),
                                    ended.start_date) END AS covers_from
          FROM (SELECT given.id, given.source, given.gift_id, given.reason, given.payment_id,
                       given.closed_at, given AS stored, given.slice_start AS stored_start,
                       owner.start_date, owner.start_date < owner.end_date AS has_begun,
                       CASE WHEN given.slice_end IS NOT NULL THEN given.slice_end
                            WHEN owner.start_date < owner.end_date
                            THEN months_after(
                                coalesce(owner.anchor, owner.start_date),
                                (sum(given.months) OVER (ORDER BY given.id))::integer
                                - owner.months + coalesce(owner.anchor_months, owner.months))
                       END AS covers_to
                FROM (SELECT subscriptions.client_id, subscriptions.id, subscriptions.start_date,
                             subscriptions.end_date, subscriptions.months, subscriptions.anchor,
                             subscriptions.anchor_months
                      FROM subscriptions
                      WHERE subscriptions.client_id = $1 AND subscriptions.id = $2
                      LIMIT 1) AS owner
                    JOIN grants AS given ON given.client_id = owner.client_id
                                        AND given.subscription_id = owner.id) AS ended) AS placed
    ORDER BY placed.id
$$;

-- The needs of a batch, with what the payments, methods and refunds among them have to do with:
-- their users; the subscriptions and gifts that are paid for; and the subscriptions with grants
-- that were paid for, which load_money looks at again when the locks are held. All else of them
-- never changes, so it may be looked up before. Only batches that name such rows call this.
CREATE FUNCTION find_money(needs json) RETURNS json LANGUAGE sql AS $$
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
$$;

-- As before, and with the ids of new grants, payments, methods and refunds; and, for who asks for
-- them, with the subscriptions of the users that are not paid: releases before cannot read them.
CREATE OR REPLACE FUNCTION load_batch(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    clients_of_users bigint[];
    ids_of_users     bigint[];
    locked_users         json;
    locked_gifts         json;
    locked_subscriptions json;
BEGIN
    -- Those named by id, those of the subscriptions, and those named by email. A subscription never
    -- changes its user; an email that has changed meanwhile finds nobody.
    SELECT array_agg(client_id), array_agg(id) INTO clients_of_users, ids_of_users
    FROM json_to_recordset(needs->'users') AS named (client_id bigint, id bigint);
    IF needs->'subscriptions' IS NOT NULL THEN
        SELECT clients_of_users || array_agg(owner.client_id),
               ids_of_users || array_agg(owner.user_id)
        INTO clients_of_users, ids_of_users
        FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint),
            LATERAL (SELECT client_id, user_id FROM subscriptions
                     WHERE subscriptions.client_id = named.client_id
                       AND subscriptions.id = named.id LIMIT 1) AS owner;
    END IF;
    IF needs->'emails' IS NOT NULL THEN
        SELECT clients_of_users || array_agg(addressee.client_id),
               ids_of_users || array_agg(addressee.id)
        INTO clients_of_users, ids_of_users
        FROM json_to_recordset(needs->'emails') AS named (client_id bigint, email text),
            LATERAL (SELECT client_id, id FROM users
                     WHERE users.client_id = named.client_id
                       AND lower(users.email COLLATE "C") = named.email COLLATE "C"
                     LIMIT 1) AS addressee;
    END IF;
    IF ids_of_users IS NOT NULL THEN
        SELECT json_agg(locked.loaded) INTO locked_users
        FROM (SELECT DISTINCT client_id, id
              FROM unnest(clients_of_users, ids_of_users) AS named (client_id, id)
              ORDER BY id, client_id) AS wanted,
            LATERAL (SELECT user_row AS loaded FROM users AS user_row
                     WHERE user_row.client_id = wanted.client_id AND user_row.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    IF needs->'gifts' IS NOT NULL THEN
        SELECT json_agg(locked.loaded) INTO locked_gifts
        FROM (SELECT DISTINCT client_id, id
              FROM json_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint)
              ORDER BY id, client_id) AS wanted,
            LATERAL (SELECT gift_row AS loaded FROM gifts AS gift_row
                     WHERE gift_row.client_id = wanted.client_id AND gift_row.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    -- Those named by id, and those of the users that are live, that wait, and that are not paid.
    -- ORDER BY has the waiting ones of each user looked up by themselves, as LIMIT does.
    SELECT json_agg(locked.loaded) INTO locked_subscriptions
    FROM (SELECT client_id, id
          FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint)
          UNION
          SELECT live.client_id, live.id
          FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id),
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = owner.client_id
                         AND subscriptions.user_id = owner.id
                         AND subscriptions.status IN ('trialing', 'active', 'past_due', 'paused')
                       LIMIT 1) AS live
          UNION
          SELECT waiting.client_id, waiting.id
          FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id),
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = owner.client_id
                         AND subscriptions.user_id = owner.id
                         AND subscriptions.status = 'scheduled'
                       ORDER BY id) AS waiting
          UNION
          SELECT unpaid.client_id, unpaid.id
          FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id),
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = owner.client_id
                         AND subscriptions.user_id = owner.id
                         AND subscriptions.status = 'pending'
                       LIMIT 1) AS unpaid
          WHERE needs->'pending' IS NOT NULL
          ORDER BY id, client_id) AS wanted,
        LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                 WHERE subscription_row.client_id = wanted.client_id
                   AND subscription_row.id = wanted.id
                 LIMIT 1 FOR NO KEY UPDATE) AS locked;
    RETURN json_build_object(
        'users', locked_users,
        'gifts', locked_gifts,
        'subscriptions', locked_subscriptions,
        'decided',
        (SELECT json_agg(known.entry)
         FROM json_to_recordset(needs->'jobs') AS named (client_id bigint, job_id uuid),
             LATERAL (SELECT log_row AS entry FROM transactions AS log_row
                      WHERE log_row.client_id = named.client_id
                        AND log_row.job_id = named.job_id LIMIT 1) AS known),
        'new_users', ARRAY(SELECT nextval('users_id_seq')
                           FROM generate_series(1, (needs->>'new_users')::integer)),
        'new_gifts', ARRAY(SELECT nextval('gifts_id_seq')
                           FROM generate_series(1, (needs->>'new_gifts')::integer)),
        'new_subscriptions', ARRAY(SELECT nextval('subscriptions_id_seq')
                                   FROM generate_series(1, (needs->>'new_subscriptions')::integer)),
        'new_grants', ARRAY(SELECT nextval('grants_id_seq')
                            FROM generate_series(1, (needs->>'new_grants')::integer)),
        'new_payments', ARRAY(SELECT nextval('payments_id_seq')
                              FROM generate_series(1, (needs->>'new_payments')::integer)),
        'new_methods', ARRAY(SELECT nextval('payment_methods_id_seq')
                             FROM generate_series(1, (needs->>'new_methods')::integer)),
        'new_refunds', ARRAY(SELECT nextval('refunds_id_seq')
                             FROM generate_series(1, (needs->>'new_refunds')::integer)),
        'now', clock_timestamp()
    );
END $$;

-- As before, and with users: those that are named, and those of the subscriptions in `owners_of`.
-- They are locked before their subscriptions; one that is locked by others is left out, with its
-- subscriptions. The live one of a user that is locked is loaded, too, and the one that is not
-- paid; who schedules anything behind it, or begins another, locks the user.
CREATE OR REPLACE FUNCTION load_unlocked(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    user_rows    users[];
    named_rows   subscriptions[];
    waiting_rows subscriptions[];
BEGIN
    IF needs->'users' IS NOT NULL OR needs->'owners_of' IS NOT NULL THEN
        SELECT array_agg(locked.loaded) INTO user_rows
        FROM (SELECT named.client_id, named.id
              FROM json_to_recordset(needs->'users') AS named (client_id bigint, id bigint)
              UNION
              SELECT owner.client_id, owner.user_id
              FROM json_to_recordset(needs->'owners_of') AS named (client_id bigint, id bigint),
                  LATERAL (SELECT client_id, user_id FROM subscriptions
                           WHERE subscriptions.client_id = named.client_id
                             AND subscriptions.id = named.id LIMIT 1) AS owner) AS wanted,
            LATERAL (SELECT user_row AS loaded FROM users AS user_row
                     WHERE user_row.client_id = wanted.client_id AND user_row.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    END IF;
    SELECT array_agg(locked.loaded) INTO named_rows
    FROM (SELECT named.client_id, named.id
          FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint)
          UNION
          SELECT held.client_id, held.id
          FROM unnest(user_rows) AS user_row,
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = user_row.client_id
                         AND subscriptions.user_id = user_row.id
                         AND subscriptions.status IN ('trialing', 'active', 'past_due', 'paused')
                       LIMIT 1) AS held
          UNION
          SELECT unpaid.client_id, unpaid.id
          FROM unnest(user_rows) AS user_row,
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = user_row.client_id
                         AND subscriptions.user_id = user_row.id
                         AND subscriptions.status = 'pending'
                       LIMIT 1) AS unpaid) AS wanted,
        LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                 WHERE subscription_row.client_id = wanted.client_id
                   AND subscription_row.id = wanted.id
                   AND (NOT EXISTS (SELECT FROM json_to_recordset(needs->'owners_of')
                                        AS owned (client_id bigint, id bigint)
                                    WHERE owned.client_id = wanted.client_id
                                      AND owned.id = wanted.id)
                        OR EXISTS (SELECT FROM unnest(user_rows) AS user_row
                                   WHERE user_row.client_id = subscription_row.client_id
                                     AND user_row.id = subscription_row.user_id))
                 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    SELECT array_agg(locked.loaded) INTO waiting_rows
    FROM (SELECT client_id, user_id FROM unnest(named_rows)
          UNION
          SELECT client_id, id FROM unnest(user_rows)) AS owner,
        LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                 WHERE subscription_row.client_id = owner.client_id
                   AND subscription_row.user_id = owner.user_id
                   AND subscription_row.status = 'scheduled'
                 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    -- Who has not all that he may have to do with is left out.
    SELECT array_agg(user_row) INTO user_rows
    FROM unnest(user_rows) AS user_row
    WHERE (SELECT count(*) FROM subscriptions
           WHERE subscriptions.client_id = user_row.client_id
             AND subscriptions.user_id = user_row.id
             AND subscriptions.status IN ('trialing', 'active', 'past_due', 'paused'))
          <= (SELECT count(*) FROM unnest(named_rows) AS named_row
              WHERE named_row.client_id = user_row.client_id
                AND named_row.user_id = user_row.id
                AND named_row.status IN ('trialing', 'active', 'past_due', 'paused'))
      AND (SELECT count(*) FROM subscriptions
           WHERE subscriptions.client_id = user_row.client_id
             AND subscriptions.user_id = user_row.id AND subscriptions.status = 'pending')
          <= (SELECT count(*) FROM unnest(named_rows) AS named_row
              WHERE named_row.client_id = user_row.client_id
                AND named_row.user_id = user_row.id AND named_row.status = 'pending')
      AND (SELECT count(*) FROM subscriptions
           WHERE subscriptions.client_id = user_row.client_id
             AND subscriptions.user_id = user_row.id AND subscriptions.status = 'scheduled')
          <= (SELECT count(*) FROM unnest(waiting_rows) AS waiting_row
              WHERE waiting_row.client_id = user_row.client_id
                AND waiting_row.user_id = user_row.id);
    RETURN json_build_object(
        'users', (SELECT json_agg(user_row) FROM unnest(user_rows) AS user_row),
        'subscriptions',
        (SELECT json_agg(line.loaded)
         FROM (SELECT named_row AS loaded FROM unnest(named_rows) AS named_row
               WHERE (SELECT count(*) FROM subscriptions
                      WHERE subscriptions.client_id = named_row.client_id
                        AND subscriptions.user_id = named_row.user_id
                        AND subscriptions.status = 'scheduled')
                   = (SELECT count(*) FROM unnest(waiting_rows) AS waiting_row
                      WHERE waiting_row.client_id = named_row.client_id
                        AND waiting_row.user_id = named_row.user_id)
               UNION ALL
               SELECT waiting_row FROM unnest(waiting_rows) AS waiting_row) AS line),
        'gifts',
        (SELECT json_agg(locked.loaded)
         FROM (SELECT DISTINCT named.client_id, named.id
               FROM json_to_recordset(needs->'gifts')
                   AS named (client_id bigint, id bigint)) AS wanted,
             LATERAL (SELECT gift_row AS loaded FROM gifts AS gift_row
                      WHERE gift_row.client_id = wanted.client_id AND gift_row.id = wanted.id
                      LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked),
        'new_subscriptions', ARRAY(SELECT nextval('subscriptions_id_seq')
                                   FROM generate_series(1, (needs->>'new_subscriptions')::integer)),
        'new_grants', ARRAY(SELECT nextval('grants_id_seq')
                            FROM generate_series(1, (needs->>'new_grants')::integer)),
        'new_payments', ARRAY(SELECT nextval('payments_id_seq')
                              FROM generate_series(1, (needs->>'new_payments')::integer)),
        'new_refunds', ARRAY(SELECT nextval('refunds_id_seq')
                             FROM generate_series(1, (needs->>'new_refunds')::integer)),
        'now', clock_timestamp()
    );
END $$;

-- What a batch has to do with money, once its rows are locked: `loaded` is what load_batch or
-- load_unlocked returned of the same needs, `plans` what load_plans did. It is called only for
-- batches that name something of it, or whose rows or plans show that they may have to do with it.
--
-- - payments: those named, those that loaded subscriptions and gifts name, those of loaded grants;
-- - methods: those named, and the default ones of the users where a plan has a price;
-- - grants: those of subscriptions in `grants_of` and of those that wait, without those that are
--   closed; and all of subscriptions that a named payment has paid for;
-- - trials: of the loaded users, by id and by email, where a plan has a trial;
-- - new_grants: as many as there are open grants of the subscriptions in `new_grants_of`.
CREATE FUNCTION load_money(needs json, loaded json, plans json) RETURNS json LANGUAGE plpgsql AS $$
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
    loaded_users         json := CASE json_typeof(loaded->'users') WHEN 'array'
                                 THEN loaded->'users' END;
    loaded_subscriptions json := CASE json_typeof(loaded->'subscriptions') WHEN 'array'
                                 THEN loaded->'subscriptions' END;
    loaded_gifts         json := CASE json_typeof(loaded->'gifts') WHEN 'array'
                                 THEN loaded->'gifts' END;
    found_grants   jsonb;
    found_payments json;
    found_methods  json;
    found_refunds  json;
    found_trials   json;
    found_tiers    json;
    open_grants    bigint;
BEGIN
    -- Between find_money and the locks another subscription may have got what was paid for.
    IF needs->'payments' IS NOT NULL AND EXISTS (
        SELECT FROM json_to_recordset(needs->'payments') AS named (client_id bigint, id bigint),
            LATERAL (SELECT client_id, subscription_id FROM grants
                     WHERE grants.client_id = named.client_id AND grants.payment_id = named.id
                     ORDER BY id) AS paid
        WHERE NOT EXISTS (SELECT FROM json_to_recordset(needs->'subscriptions')
                              AS known (client_id bigint, id bigint)
                          WHERE known.client_id = paid.client_id
                            AND known.id = paid.subscription_id)) THEN
        RAISE EXCEPTION 'what a payment has paid for has changed'
            USING ERRCODE = 'serialization_failure';
    END IF;
    -- Beside gifts that something was paid for, those of what their recipients have.
    IF needs->'grants_of' IS NOT NULL OR needs->'payments' IS NOT NULL OR beside_gifts
       OR loaded::text ~ '"status":"(scheduled|paused)"' THEN
        SELECT jsonb_agg(given.grant_row) INTO found_grants
        FROM (SELECT wanted.client_id, wanted.id, bool_or(wanted.whole) AS whole
              FROM (SELECT named.client_id, named.id, false AS whole
                    FROM json_to_recordset(needs->'grants_of')
                        AS named (client_id bigint, id bigint)
                    UNION ALL
                    SELECT waiting.client_id, waiting.id, false
                    FROM json_to_recordset(loaded_subscriptions)
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
                  JOIN json_to_recordset(loaded_subscriptions)
                      AS had (client_id bigint, id bigint)
                      ON had.client_id = wanted.client_id AND had.id = wanted.id
              GROUP BY wanted.client_id, wanted.id) AS of_subscription,
            LATERAL grants_of(of_subscription.client_id, of_subscription.id) AS given
        -- Those without months were replaced by a change of plan, whose money may be paid back.
        WHERE given.closed_at IS NULL OR of_subscription.whole
           OR (given.grant_row->>'months')::integer = 0;
        has_paid := has_paid OR coalesce(found_grants::text ~ '"payment_id": [0-9]', false);
    END IF;
    IF needs->'new_grants_of' IS NOT NULL THEN
        SELECT count(*) INTO open_grants
        FROM json_to_recordset(needs->'new_grants_of') AS named (client_id bigint, id bigint),
            LATERAL (SELECT id FROM grants
                     WHERE grants.client_id = named.client_id
                       AND grants.subscription_id = named.id
                       AND grants.closed_at IS NULL ORDER BY id) AS open_grant;
    END IF;
    -- Of those named only those that have all that they are for: load_unlocked may lack some.
    IF has_paid OR needs->'payments' IS NOT NULL THEN
        SELECT json_agg(found.payment) INTO found_payments
        FROM (SELECT named.client_id, named.id, true AS is_named
              FROM json_to_recordset(needs->'payments') AS named (client_id bigint, id bigint)
              UNION
              SELECT paying.client_id, paying.payment_id, false
              FROM json_to_recordset(loaded_subscriptions)
                  AS paying (client_id bigint, payment_id bigint)
              WHERE paying.payment_id IS NOT NULL
              UNION
              SELECT paying.client_id, paying.payment_id, false
              FROM json_to_recordset(loaded_gifts) AS paying (client_id bigint, payment_id bigint)
              WHERE paying.payment_id IS NOT NULL
              UNION
              SELECT paying.client_id, paying.payment_id, false
              FROM jsonb_to_recordset(found_grants) AS paying (client_id bigint, payment_id bigint)
              WHERE paying.payment_id IS NOT NULL) AS wanted,
            LATERAL (SELECT payment_row AS payment FROM payments AS payment_row
                     WHERE payment_row.client_id = wanted.client_id AND payment_row.id = wanted.id
                       AND (NOT wanted.is_named
                            OR EXISTS (SELECT FROM json_to_recordset(loaded_users)
                                           AS had (client_id bigint, id bigint)
                                       WHERE had.client_id = payment_row.client_id
                                         AND had.id = payment_row.user_id)
                           AND (payment_row.subscription_id IS NULL
                                OR EXISTS (SELECT FROM json_to_recordset(loaded_subscriptions)
                                               AS had (client_id bigint, id bigint)
                                           WHERE had.client_id = payment_row.client_id
                                             AND had.id = payment_row.subscription_id))
                           AND (payment_row.gift_id IS NULL
                                OR EXISTS (SELECT FROM json_to_recordset(loaded_gifts)
                                               AS had (client_id bigint, id bigint)
                                           WHERE had.client_id = payment_row.client_id
                                             AND had.id = payment_row.gift_id)))
                     LIMIT 1) AS found;
    END IF;
    IF is_priced OR has_paid OR needs->'payments' IS NOT NULL OR needs->'methods' IS NOT NULL THEN
        SELECT json_agg(found.method) INTO found_methods
        FROM (SELECT named.client_id, named.id
              FROM json_to_recordset(needs->'methods') AS named (client_id bigint, id bigint)
              UNION
              SELECT payer.client_id, payer.default_method
              FROM json_to_recordset(loaded_users)
                  AS payer (client_id bigint, default_method bigint)
              WHERE payer.default_method IS NOT NULL
              UNION
              SELECT charged.client_id, charged.method_id
              FROM json_to_recordset(found_payments)
                  AS charged (client_id bigint, method_id bigint)
              WHERE charged.method_id IS NOT NULL) AS wanted,
            LATERAL (SELECT method_row AS method FROM payment_methods AS method_row
                     WHERE method_row.client_id = wanted.client_id AND method_row.id = wanted.id
                       AND EXISTS (SELECT FROM json_to_recordset(loaded_users)
                                       AS had (client_id bigint, id bigint)
                                   WHERE had.client_id = method_row.client_id
                                     AND had.id = method_row.user_id)
                     LIMIT 1) AS found;
    END IF;
    IF needs->'refunds' IS NOT NULL THEN
        SELECT json_agg(found.refund) INTO found_refunds
        FROM json_to_recordset(needs->'refunds') AS named (client_id bigint, id bigint),
            LATERAL (SELECT refund_row AS refund FROM refunds AS refund_row
                     WHERE refund_row.client_id = named.client_id AND refund_row.id = named.id
                       AND EXISTS (SELECT FROM json_to_recordset(found_payments)
                                       AS had (client_id bigint, id bigint)
                                   WHERE had.client_id = refund_row.client_id
                                     AND had.id = refund_row.payment_id)
                     LIMIT 1) AS found;
    END IF;
    -- A gift is compared with what its recipient is about to have, too.
    IF needs->'gifts' IS NOT NULL AND found_payments IS NOT NULL THEN
        SELECT json_agg(found.tier) INTO found_tiers
        FROM json_to_recordset(found_payments) AS paying (client_id bigint, plan text),
            LATERAL (SELECT json_build_object('client_id', plans.client_id, 'code', plans.code,
                                              'tier', plans.tier) AS tier
                     FROM plans
                     WHERE plans.client_id = paying.client_id AND plans.code = paying.plan
                     LIMIT 1) AS found;
    END IF;
    IF has_trials THEN
        SELECT json_agg(json_build_object('client_id', had.client_id, 'user_id', had.id,
                                          'tier', used.tier))
        INTO found_trials
        FROM json_to_recordset(loaded_users) AS had (client_id bigint, id bigint, email text),
            LATERAL (SELECT by_user.tier FROM used_trials AS by_user
                     WHERE by_user.client_id = had.client_id AND by_user.user_id = had.id
                     UNION
                     SELECT by_email.tier FROM used_trials AS by_email
                     WHERE by_email.client_id = had.client_id
                       AND by_email.email_hash = trial_email_hash(had.email)) AS used;
    END IF;
    RETURN json_build_object(
        'grants', found_grants,
        'payments', found_payments,
        'methods', found_methods,
        'refunds', found_refunds,
        'trials', found_trials,
        'tiers', found_tiers,
        'new_grants', ARRAY(SELECT nextval('grants_id_seq')
                            FROM generate_series(1, open_grants))
    );
END $$;

-- As load_batch, but it locks nothing: for who only wants to know what would come of a command. A
-- migration that changes load_batch has to do this again.
DO $$
BEGIN
    EXECUTE replace(replace(pg_get_functiondef('load_batch(json)'::regprocedure),
                            'load_batch', 'peek_batch'),
                    'FOR NO KEY UPDATE', '');
END $$;
