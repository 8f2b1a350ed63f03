-- Subscriptions that wait until the one before them ends, and gifts of any plan. Releases before go
-- on working, but for batches that meet a subscription in a state which they do not know.

SET LOCAL lock_timeout = '500ms';

-- One that waits covers nothing yet: its period is empty. It stays so if it is cancelled before it
-- begins. next_plan is what it is renewed as: where it stands in for the renewal of another plan.
ALTER TABLE subscriptions
    ADD COLUMN next_plan         text,
    ADD COLUMN next_plan_version integer,
    DROP CONSTRAINT subscriptions_status_check,
    DROP CONSTRAINT subscriptions_period_check,
    ADD CONSTRAINT subscriptions_status_check CHECK (
        status IN ('scheduled', 'trialing', 'active', 'past_due', 'paused', 'cancelled', 'expired')
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_period_check CHECK (
        CASE WHEN status = 'scheduled' THEN start_date = end_date
             WHEN status = 'cancelled' THEN start_date <= end_date
             ELSE start_date < end_date END
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_next_plan_check CHECK (
        (next_plan IS NULL) = (next_plan_version IS NULL) AND coalesce(next_plan_version, 1) >= 1
    ) NOT VALID;

-- Before, every gift was of the plan `monthly` as it was first sold. The days of grace are those of
-- the version, as in subscriptions.
ALTER TABLE gifts
    ADD COLUMN plan         text    NOT NULL DEFAULT 'monthly',
    ADD COLUMN plan_version integer NOT NULL DEFAULT 1,
    ADD COLUMN grace_days   integer NOT NULL DEFAULT 7,
    ADD CONSTRAINT gifts_plan_version_check CHECK (plan_version >= 1) NOT VALID,
    ADD CONSTRAINT gifts_grace_days_check CHECK (grace_days BETWEEN 0 AND 27) NOT VALID;

-- As before, and with those that wait behind the live ones of the users. All of them are locked in
-- the order of their ids.
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
    -- changes its user and a user never its email: both may be looked up before the locks are held.
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
        FROM (SELECT client_id, id
              FROM json_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint)
              ORDER BY id, client_id) AS wanted,
            LATERAL (SELECT gift_row AS loaded FROM gifts AS gift_row
                     WHERE gift_row.client_id = wanted.client_id AND gift_row.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    -- Those named by id, and the live and the waiting ones of the users. ORDER BY has the waiting
    -- ones of each user looked up by themselves, as LIMIT does.
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
        'now', clock_timestamp()
    );
END $$;

-- As before, and with those that wait behind the named subscriptions: when one ends, the next
-- begins. They are looked for when the named ones are locked, which nobody schedules anything
-- behind from then on. If one of them is locked by others, its named one is left out, too.
CREATE OR REPLACE FUNCTION load_unlocked(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    named_rows   subscriptions[];
    waiting_rows subscriptions[];
BEGIN
    SELECT array_agg(locked.loaded) INTO named_rows
    FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint),
        LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                 WHERE subscription_row.client_id = named.client_id
                   AND subscription_row.id = named.id
                 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    SELECT array_agg(locked.loaded) INTO waiting_rows
    FROM (SELECT DISTINCT client_id, user_id FROM unnest(named_rows)) AS owner,
        LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                 WHERE subscription_row.client_id = owner.client_id
                   AND subscription_row.user_id = owner.user_id
                   AND subscription_row.status = 'scheduled'
                 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    RETURN json_build_object(
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
         FROM json_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint),
             LATERAL (SELECT gift_row AS loaded FROM gifts AS gift_row
                      WHERE gift_row.client_id = named.client_id AND gift_row.id = named.id
                      LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked),
        'now', clock_timestamp()
    );
END $$;

-- The tiers of the plans of these gifts and subscriptions, which tell whether a gift prolongs what
-- runs.
CREATE FUNCTION load_tiers(loaded json) RETURNS json LANGUAGE sql AS $$
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
$$;

-- The live subscription of a user and those that wait behind it; null if none waits, because then
-- a row alone tells what has become of it.
CREATE FUNCTION line_of(client bigint, owner bigint) RETURNS json STABLE LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM subscriptions
               WHERE subscriptions.client_id = client AND subscriptions.user_id = owner
                 AND subscriptions.status = 'scheduled') THEN
        RETURN (SELECT json_agg(subscription_row) FROM subscriptions AS subscription_row
                WHERE subscription_row.client_id = client AND subscription_row.user_id = owner
                  AND subscription_row.status
                      IN ('scheduled', 'trialing', 'active', 'past_due', 'paused'));
    END IF;
    RETURN NULL;
END $$;

-- As before, and with the version that a subscription is renewed as, where that is another.
CREATE OR REPLACE FUNCTION load_plans(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    loaded  json;
    others  json;
    sold_at json;
BEGIN
    IF needs->'plans' IS NOT NULL THEN
        PERFORM locked.code
        FROM (SELECT named.client_id, named.code
              FROM json_to_recordset(needs->'plans')
                  AS named (client_id bigint, code text, lock boolean)
              WHERE named.lock ORDER BY named.code, named.client_id) AS wanted,
            LATERAL (SELECT plans.code FROM plans
                     WHERE plans.client_id = wanted.client_id AND plans.code = wanted.code
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
        SELECT json_agg(json_build_object('plan', found.plan, 'version', found.version))
        INTO loaded
        FROM json_to_recordset(needs->'plans') AS named (client_id bigint, code text),
            LATERAL (SELECT plan_row AS plan, version_row AS version
                     FROM plans AS plan_row JOIN plan_versions AS version_row
                         ON version_row.client_id = plan_row.client_id
                        AND version_row.code = plan_row.code
                        AND version_row.version = plan_row.version
                     WHERE plan_row.client_id = named.client_id AND plan_row.code = named.code
                     LIMIT 1) AS found;
        IF coalesce(json_array_length(loaded), 0) < json_array_length(needs->'plans') THEN
            SELECT json_agg(json_build_object('plan', found.plan, 'version', found.version))
            INTO others
            FROM (SELECT DISTINCT named.client_id
                  FROM json_to_recordset(needs->'plans') AS named (client_id bigint, code text)
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
    IF needs->'terms_of' IS NOT NULL THEN
        SELECT json_agg(json_build_object('subscription_id', named.id, 'next', sold.is_next,
                                          'version', found.version))
        INTO sold_at
        FROM json_to_recordset(needs->'terms_of') AS named (client_id bigint, id bigint),
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
    RETURN json_build_object('plans', loaded, 'others', others, 'sold_at', sold_at);
END $$;
