-- What batches load, as whole rows: a column that is added later is one more member of the row,
-- which an older release passes over, and no function has to be replaced for it.

-- As before, but for the rows. Release 0.3.0 calls it too.
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
    -- Those named by id, and the active ones of the users.
    SELECT json_agg(locked.loaded) INTO locked_subscriptions
    FROM (SELECT client_id, id
          FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint)
          UNION
          SELECT active.client_id, active.id
          FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id),
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = owner.client_id
                         AND subscriptions.user_id = owner.id AND subscriptions.status = 'active'
                       LIMIT 1) AS active
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

-- What a batch of the due lane loads: exactly the rows that it names, as far as nobody else has
-- them locked. They stay locked until its end. It never waits, so its order does not matter. It
-- takes the place of load_batch(lock_unlocked(...)), which locked each row's user too and read
-- everything three times. Release 0.3.0 still calls that.
CREATE FUNCTION load_unlocked(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN json_build_object(
        'subscriptions',
        (SELECT json_agg(locked.loaded)
         FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint),
             LATERAL (SELECT subscription_row AS loaded FROM subscriptions AS subscription_row
                      WHERE subscription_row.client_id = named.client_id
                        AND subscription_row.id = named.id
                      LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked),
        'gifts',
        (SELECT json_agg(locked.loaded)
         FROM json_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint),
             LATERAL (SELECT gift_row AS loaded FROM gifts AS gift_row
                      WHERE gift_row.client_id = named.client_id AND gift_row.id = named.id
                      LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked),
        'now', clock_timestamp()
    );
END $$;
