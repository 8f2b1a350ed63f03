-- What a batch of the due lane loads: exactly the rows that it names, as far as nobody else has them
-- locked, and locks them. It never waits, so its order is that of nobody. It takes the place of
-- load_batch(lock_unlocked(…)), which locked each row's user too and read everything three times;
-- release 0.3.0 still calls that.
--
-- Rows are whole: a column that is added later is one more member, which an older release passes
-- over.
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
