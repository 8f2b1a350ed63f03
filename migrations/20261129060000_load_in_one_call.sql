-- A batch is loaded by one call. Before, the statement that put its parts together was planned for
-- each batch, the needs were parsed for each member that was looked for, texts were searched for
-- what has to do with money, and statements were run for ids and locks that a batch does not need.
-- Together that was half of what Postgres spent on loading a lone command.

SET LOCAL lock_timeout = '500ms';

-- So many new ids, or none if the number is not given. A statement would cost more.
CREATE FUNCTION draw_ids(sequence regclass, how_many jsonb) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    drawn bigint[];
BEGIN
    IF how_many IS NOT NULL THEN
        FOR nth IN 1..how_many::integer LOOP
            drawn := drawn || nextval(sequence);
        END LOOP;
    END IF;
    RETURN drawn;
END $$;

-- The rows of a batch, which it locks, with entries of the command log and new ids; releases before
-- call load_batch in its place. And whether payments may have to do with them: a subscription or a
-- gift has one, or a subscription waits or stands still.
CREATE FUNCTION load_rows(
    needs jsonb, OUT loaded json, OUT has_money boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    clients_of_users bigint[];
    ids_of_users     bigint[];
    locked_users         json;
    locked_gifts         json;
    locked_subscriptions json;
    decided              json;
    gifts_have_money         boolean;
    subscriptions_have_money boolean;
BEGIN
    -- Those named by id, those of the subscriptions, and those named by email. A subscription never
    -- changes its user; an email that has changed meanwhile finds nobody.
    SELECT array_agg(client_id), array_agg(id) INTO clients_of_users, ids_of_users
    FROM jsonb_to_recordset(needs->'users') AS named (client_id bigint, id bigint);
    IF needs ? 'subscriptions' THEN
        SELECT clients_of_users || array_agg(owner.client_id),
               ids_of_users || array_agg(owner.user_id)
        INTO clients_of_users, ids_of_users
        FROM jsonb_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint),
            LATERAL (SELECT client_id, user_id FROM subscriptions
                     WHERE subscriptions.client_id = named.client_id
                       AND subscriptions.id = named.id LIMIT 1) AS owner;
    END IF;
    IF needs ? 'emails' THEN
        SELECT clients_of_users || array_agg(addressee.client_id),
               ids_of_users || array_agg(addressee.id)
        INTO clients_of_users, ids_of_users
        FROM jsonb_to_recordset(needs->'emails') AS named (client_id bigint, email text),
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
    IF needs ? 'gifts' THEN
        SELECT json_agg(locked.loaded), bool_or((locked.loaded).payment_id IS NOT NULL)
        INTO locked_gifts, gifts_have_money
        FROM (SELECT DISTINCT client_id, id
              FROM jsonb_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint)
              ORDER BY id, client_id) AS wanted,
            LATERAL (SELECT gift_row AS loaded FROM gifts AS gift_row
                     WHERE gift_row.client_id = wanted.client_id AND gift_row.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    -- Those named by id, and those of the users that are live, that wait, and that are not paid.
    -- ORDER BY has the waiting ones of each user looked up by themselves, as LIMIT does.
    SELECT json_agg(locked.loaded),
           bool_or((locked.loaded).payment_id IS NOT NULL
                   OR (locked.loaded).status IN ('scheduled', 'paused'))
    INTO locked_subscriptions, subscriptions_have_money
    FROM (SELECT client_id, id
          FROM jsonb_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint)
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
          ORDER BY id, client_id) AS wanted,
        LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                 WHERE subscription_row.client_id = wanted.client_id
                   AND subscription_row.id = wanted.id
                 LIMIT 1 FOR NO KEY UPDATE) AS locked;
    IF needs ? 'jobs' THEN
        SELECT json_agg(known.entry) INTO decided
        FROM jsonb_to_recordset(needs->'jobs') AS named (client_id bigint, job_id uuid),
            LATERAL (SELECT log_row AS entry FROM transactions AS log_row
                     WHERE log_row.client_id = named.client_id
                       AND log_row.job_id = named.job_id LIMIT 1) AS known;
    END IF;
    has_money := gifts_have_money OR subscriptions_have_money;
    loaded := json_build_object(
        'users', locked_users,
        'gifts', locked_gifts,
        'subscriptions', locked_subscriptions,
        'decided', decided,
        'new_users', draw_ids('users_id_seq', needs->'new_users'),
        'new_gifts', draw_ids('gifts_id_seq', needs->'new_gifts'),
        'new_subscriptions', draw_ids('subscriptions_id_seq', needs->'new_subscriptions'),
        'new_grants', draw_ids('grants_id_seq', needs->'new_grants'),
        'new_payments', draw_ids('payments_id_seq', needs->'new_payments'),
        'new_methods', draw_ids('payment_methods_id_seq', needs->'new_methods'),
        'new_refunds', draw_ids('refunds_id_seq', needs->'new_refunds'),
        'now', clock_timestamp()
    );
END $$;

-- As load_rows, but it locks nothing: for who only wants to know what would come of a command. A
-- migration that changes load_rows has to do this again.
DO $$
BEGIN
    EXECUTE replace(replace(pg_get_functiondef('load_rows(jsonb)'::regprocedure),
                            'load_rows', 'peek_rows'),
                    'FOR NO KEY UPDATE', '');
END $$;

-- As before, for the needs as they are now. Workers of before go on with the one for json.
CREATE FUNCTION take_accepted_jobs(needs jsonb) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    places tid[];
    live   json;
BEGIN
    SELECT array_agg(found.place), json_agg(found.accepted) FILTER (WHERE found.is_live)
    INTO places, live
    FROM (SELECT client_id, job_id
          FROM jsonb_to_recordset(needs->'jobs') AS named (client_id bigint, job_id uuid)
          ORDER BY job_id) AS wanted,
        LATERAL (SELECT accepted_row.ctid AS place, accepted_row AS accepted,
                        accepted_row.ended_at IS NULL AS is_live
                 FROM accepted_jobs AS accepted_row
                 WHERE accepted_row.client_id = wanted.client_id
                   AND accepted_row.job_id = wanted.job_id
                 LIMIT 1 FOR UPDATE) AS found;
    IF places IS NOT NULL THEN
        DELETE FROM accepted_jobs WHERE ctid = ANY (places);
    END IF;
    RETURN live;
END $$;

-- As before, and with whether one of them has a price, or a trial. Those in `plans_to_lock` are
-- locked, and are among `plans`. Workers of before go on with the one for json.
CREATE FUNCTION load_plans(
    needs jsonb, OUT plans json, OUT has_price boolean, OUT has_trial boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    named_plans json;
    others      json;
    sold_at     json;
    plan_count  integer;
    has_sold_price boolean;
    has_sold_trial boolean;
BEGIN
    IF needs ? 'plans_to_lock' THEN
        PERFORM locked.code
        FROM (SELECT named.client_id, named.code
              FROM jsonb_to_recordset(needs->'plans_to_lock') AS named (client_id bigint, code text)
              ORDER BY named.code, named.client_id) AS wanted,
            LATERAL (SELECT plans.code FROM plans
                     WHERE plans.client_id = wanted.client_id AND plans.code = wanted.code
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    IF needs ? 'plans' THEN
        SELECT json_agg(json_build_object('plan', found.plan, 'version', found.version)),
               count(found.plan), bool_or((found.version).amount > 0),
               bool_or((found.version).trial_days > 0)
        INTO named_plans, plan_count, has_price, has_trial
        FROM jsonb_to_recordset(needs->'plans') AS named (client_id bigint, code text),
            LATERAL (SELECT plan_row AS plan, version_row AS version
                     FROM plans AS plan_row JOIN plan_versions AS version_row
                         ON version_row.client_id = plan_row.client_id
                        AND version_row.code = plan_row.code
                        AND version_row.version = plan_row.version
                     WHERE plan_row.client_id = named.client_id AND plan_row.code = named.code
                     LIMIT 1) AS found;
        IF plan_count < jsonb_array_length(needs->'plans') THEN
            SELECT json_agg(json_build_object('plan', found.plan, 'version', found.version))
            INTO others
            FROM (SELECT DISTINCT named.client_id
                  FROM jsonb_to_recordset(needs->'plans') AS named (client_id bigint, code text)
                  WHERE NOT EXISTS (SELECT FROM plans WHERE plans.client_id = named.client_id
                                                        AND plans.code = named.code)) AS client,
                LATERAL (SELECT plan_row AS plan, version_row AS version
                         FROM plans AS plan_row JOIN plan_versions AS version_row
                             ON version_row.client_id = plan_row.client_id
                            AND version_row.code = plan_row.code
                            AND version_row.version = plan_row.version
                         WHERE plan_row.client_id = client.client_id
                           AND plan_row.retired_at IS NULL
                         ORDER BY plan_row.id LIMIT 11) AS found;
        END IF;
    END IF;
    IF needs ? 'terms_of' THEN
        SELECT json_agg(json_build_object('subscription_id', named.id, 'next', sold.is_next,
                                          'version', found.version)),
               bool_or((found.version).amount > 0), bool_or((found.version).trial_days > 0)
        INTO sold_at, has_sold_price, has_sold_trial
        FROM jsonb_to_recordset(needs->'terms_of') AS named (client_id bigint, id bigint),
            LATERAL (SELECT plan, plan_version, next_plan, next_plan_version FROM subscriptions
                     WHERE subscriptions.client_id = named.client_id
                       AND subscriptions.id = named.id LIMIT 1) AS terms,
            LATERAL (VALUES (terms.plan, terms.plan_version, false),
                            (terms.next_plan, terms.next_plan_version, true))
                AS sold (code, version, is_next),
            LATERAL (SELECT version_row AS version FROM plan_versions AS version_row
                     WHERE version_row.client_id = named.client_id
                       AND version_row.code = sold.code
                       AND version_row.version = sold.version LIMIT 1) AS found;
    END IF;
    has_price := has_price OR has_sold_price;
    has_trial := has_trial OR has_sold_trial;
    plans := json_build_object('plans', named_plans, 'others', others, 'sold_at', sold_at);
END $$;

-- As before, but in PL/pgSQL: a session plans it once, and one in SQL for each call.
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

-- As before, too, but in PL/pgSQL: a session plans it once, and one in SQL for each call.
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

-- What is needed of plans, and the terms of the live subscriptions that were loaded.
CREATE FUNCTION with_terms_of_live(plan_needs json, loaded json) RETURNS json
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

-- The subscriptions of the gifts that are redeemed.
CREATE FUNCTION load_redemptions(loaded json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(granted.redemption)
        FROM json_to_recordset(CASE json_typeof(loaded->'gifts') WHEN 'array'
                               THEN loaded->'gifts' END)
                AS gift (client_id bigint, id bigint, status text),
            LATERAL (SELECT json_build_object('gift_id', grants.gift_id,
                                              'subscription_id', grants.subscription_id)
                         AS redemption
                     FROM grants
                     WHERE grants.client_id = gift.client_id AND grants.gift_id = gift.id
                     LIMIT 1) AS granted
        WHERE gift.status = 'redeemed'
    );
END $$;

-- All that a batch needs, in one call: `how` is 'batch', which waits for rows that others have
-- locked, 'unlocked', which leaves these out (load_unlocked), or 'peek', which locks nothing.
--
-- The clocks of test clients come first, so that they stand still. What there is of money comes
-- last, when plans and rows tell whether it is needed: nearly all batches only sell what costs
-- nothing, and do not ask for it.
--
-- Beside gifts more is loaded. Where one that is worth something may be redeemed, the terms of live
-- subscriptions: the plan of what runs tells in which currency it is sold. And of those that are
-- redeemed, the subscriptions that they became part of: whoever redeems one again is told.
CREATE FUNCTION load_all(how text, needs jsonb, clients bigint[]) RETURNS json
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    found     record;
    of_plans  record;
    plan_needs jsonb := needs;
    clocks    json;
    rows      json;
    plans     json;
    accepted  json;
    tiers     json;
    redeemed  json;
    money     json;
    has_money boolean := needs ?| '{payments,methods,refunds,grants_of,new_grants_of}';
BEGIN
    IF clients IS NULL THEN
        NULL;
    ELSIF how = 'peek' THEN
        clocks := (SELECT json_agg(clock_row) FROM test_clocks AS clock_row
                   WHERE clock_row.client_id = ANY (clients));
    ELSIF needs ? 'moves_clocks' THEN
        -- All in one way, so that no lock has to become a stronger one.
        clocks := lock_test_clocks_to_move(clients);
    ELSE
        clocks := lock_test_clocks(clients);
    END IF;
    IF needs ? 'external_ids' THEN
        needs := find_external_ids(needs::json);
    END IF;
    IF needs ?| '{payments,methods,refunds}' THEN
        needs := find_money(needs::json);
    END IF;
    IF how = 'unlocked' THEN
        rows := load_unlocked(needs::json);
        has_money := has_money
            OR rows::text ~ '"payment_id":[0-9]|"status":"(scheduled|paused)"';
    ELSE
        IF how = 'batch' THEN
            found := load_rows(needs);
            IF needs ? 'jobs' THEN
                accepted := take_accepted_jobs(needs);
            END IF;
        ELSE
            found := peek_rows(needs);
        END IF;
        rows := found.loaded;
        has_money := has_money OR coalesce(found.has_money, false);
        -- A gift may be redeemed.
        IF needs ? 'gifts' THEN
            tiers := load_tiers(rows);
            redeemed := load_redemptions(rows);
        END IF;
    END IF;
    IF needs ? 'methods' OR has_money AND needs ? 'beside_gifts' THEN
        plan_needs := with_terms_of_live(plan_needs::json, rows);
    END IF;
    IF plan_needs ?| '{plans,terms_of}' THEN
        of_plans := load_plans(plan_needs);
        plans := of_plans.plans;
        has_money := has_money OR needs ? 'money' AND coalesce(of_plans.has_price, false)
            OR needs ? 'trials' AND coalesce(of_plans.has_trial, false);
    END IF;
    IF has_money THEN
        money := load_money(needs::json, rows, plans);
    END IF;
    RETURN json_build_object('rows', rows, 'accepted', accepted, 'plans', plans, 'clocks', clocks,
                             'tiers', tiers, 'redeemed', redeemed, 'money', money);
END $$;
