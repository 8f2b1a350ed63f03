-- load_batch as in the migration before, with every column named. A column that a later release
-- adds then neither breaks this release nor reaches it, not even if it has the name of a variable
-- of the function: see #variable_conflict.
--
-- A function, because each statement in it sees what was committed while the one before it waited
-- for a lock. Lock order: users, gifts, subscriptions; ids ascending in each. The user row is the
-- mutex of its subscriptions: it is locked before they are looked at. NO KEY leaves the foreign
-- keys of others alone. The clock, the command log and the ids come last, with those locks held:
-- the transaction's own start may lie before what others committed meanwhile.
--
-- Each statement looks rows up by key, and the limits have each row looked up by itself, whatever
-- the sizes of the tables.
CREATE OR REPLACE FUNCTION load_batch(
    user_ids bigint[], gift_ids bigint[], subscription_ids bigint[], job_ids uuid[],
    users_wanted integer, gifts_wanted integer, subscriptions_wanted integer
) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    locked_users json;
    locked_gifts json;
    locked_subscriptions json;
BEGIN
    -- A subscription never changes its user: that may be looked up before the lock is held.
    IF cardinality(subscription_ids) > 0 THEN
        user_ids := user_ids
            || ARRAY(SELECT user_id FROM subscriptions WHERE id = ANY(subscription_ids));
    END IF;
    IF cardinality(user_ids) > 0 THEN
        SELECT json_agg(u) INTO locked_users
        FROM (SELECT id, client_id, email, created_at FROM users
              WHERE id = ANY(user_ids) ORDER BY id FOR NO KEY UPDATE) AS u;
    END IF;
    IF cardinality(gift_ids) > 0 THEN
        SELECT json_agg(g) INTO locked_gifts
        FROM (SELECT gifts.id, gifter_id, recipient_email, recipient_id, gifts.status,
                     gifts.months, expires_at, redeemed_at, gifts.created_at,
                     (SELECT users.client_id FROM users
                      WHERE users.id = gifts.gifter_id) AS client_id
              FROM gifts WHERE gifts.id = ANY(gift_ids)
              ORDER BY gifts.id FOR NO KEY UPDATE) AS g;
    END IF;
    -- Those named by id, and the active ones of the users.
    SELECT json_agg(s) INTO locked_subscriptions
    FROM (SELECT unnest(subscription_ids) AS id
          UNION
          SELECT active.id FROM unnest(user_ids) AS owner (id),
              LATERAL (SELECT id FROM subscriptions
                       WHERE user_id = owner.id AND status = 'active' LIMIT 1) AS active
          ORDER BY id) AS wanted,
         LATERAL (SELECT subscriptions.id, subscriptions.user_id, plan, subscriptions.status,
                         months, start_date, end_date, cancelled_at, subscriptions.created_at,
                         updated_at,
                         (SELECT users.client_id FROM users
                          WHERE users.id = subscriptions.user_id) AS client_id
                  FROM subscriptions WHERE subscriptions.id = wanted.id
                  LIMIT 1 FOR NO KEY UPDATE) AS s;
    RETURN json_build_object(
        'users', locked_users,
        'gifts', locked_gifts,
        'subscriptions', locked_subscriptions,
        'decided', ARRAY(SELECT job_id FROM transactions WHERE job_id = ANY(job_ids)),
        'new_users', ARRAY(SELECT nextval('users_id_seq') FROM generate_series(1, users_wanted)),
        'new_gifts', ARRAY(SELECT nextval('gifts_id_seq') FROM generate_series(1, gifts_wanted)),
        'new_subscriptions',
        ARRAY(SELECT nextval('subscriptions_id_seq') FROM generate_series(1, subscriptions_wanted)),
        'now', clock_timestamp()
    );
END $$;
