-- What subscriptions can do without money: end at their end, be renewed by themselves, stand still,
-- be longer for nothing, and be taken over from elsewhere. Releases before go on working, and pass
-- over subscriptions that are in a state which they do not know.

SET LOCAL lock_timeout = '500ms';

-- anchor and anchor_months are null where months are counted from start_date, as those releases
-- do. grace_days is that of the version that was sold, so that a status needs no other row.
ALTER TABLE subscriptions
    ADD COLUMN auto_renew           boolean NOT NULL DEFAULT false,
    ADD COLUMN grace_days           integer NOT NULL DEFAULT 7,
    ADD COLUMN anchor               timestamptz,
    ADD COLUMN anchor_months        integer,
    ADD COLUMN cancel_at_period_end boolean NOT NULL DEFAULT false,
    ADD COLUMN paused_at            timestamptz,
    ADD COLUMN resume_at            timestamptz,
    DROP CONSTRAINT subscriptions_status_check,
    DROP CONSTRAINT subscriptions_cancelled_check,
    DROP CONSTRAINT subscriptions_months_check,
    ADD CONSTRAINT subscriptions_status_check CHECK (
        status IN ('trialing', 'active', 'past_due', 'paused', 'cancelled', 'expired')
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_cancelled_check CHECK (
        (status = 'cancelled' OR cancel_at_period_end) = (cancelled_at IS NOT NULL)
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_flag_check CHECK (
        NOT cancel_at_period_end OR status IN ('trialing', 'active', 'cancelled')
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_paused_check CHECK (
        (status = 'paused') = (paused_at IS NOT NULL) AND (status = 'paused' OR resume_at IS NULL)
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_anchor_check CHECK (
        (anchor IS NULL) = (anchor_months IS NULL) AND coalesce(anchor_months, 0) >= 0
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_grace_days_check CHECK (grace_days BETWEEN 0 AND 27) NOT VALID,
    -- One that is imported at its anchor has no months yet.
    ADD CONSTRAINT subscriptions_months_check CHECK (months >= 0) NOT VALID,
    ADD CONSTRAINT subscriptions_live_due_check CHECK (
        status NOT IN ('trialing', 'past_due', 'paused') OR due_at IS NOT NULL
    ) NOT VALID;

-- Rows of release 0.2.0 alone lack due_at; those of this one have it in states which that one does
-- not know. The trigger is there only until no 0.2.0 runs any more.
DO $migration$ BEGIN
    IF to_regprocedure('fill_subscription()') IS NOT NULL THEN
        CREATE OR REPLACE FUNCTION fill_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.status IN ('active', 'cancelled', 'expired') THEN
                NEW.due_at := CASE WHEN NEW.status = 'active' THEN NEW.end_date END;
            END IF;
            RETURN NEW;
        END $$;
    END IF;
END $migration$;

ALTER TABLE grants
    ADD COLUMN reason text,
    DROP CONSTRAINT grants_source_check,
    DROP CONSTRAINT grants_months_check,
    ADD CONSTRAINT grants_source_check CHECK (
        source IN ('purchase', 'renewal', 'gift', 'goodwill', 'import')
    ) NOT VALID,
    ADD CONSTRAINT grants_months_check CHECK (months >= 1 OR source = 'import' AND months = 0)
        NOT VALID,
    ADD CONSTRAINT grants_reason_check CHECK ((source = 'goodwill') = (reason IS NOT NULL))
        NOT VALID;

-- As before, but for the place that a user has: it is that of a live subscription.
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
    -- Those named by id, and the live ones of the users.
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
