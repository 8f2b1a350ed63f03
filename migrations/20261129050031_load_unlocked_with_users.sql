-- Internal commands have to do with users and with what is not paid.

SET LOCAL lock_timeout = '500ms';

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
