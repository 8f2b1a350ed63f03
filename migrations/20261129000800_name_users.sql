-- A client may know its users by ids of its own, and note something about them.
--
-- The releases before go on working beside it: they name none of the new columns. The wait for the
-- lock is short, because everything that comes later queues behind it; the program tries again.
SET LOCAL lock_timeout = '500ms';
LOCK TABLE users IN ACCESS EXCLUSIVE MODE;

-- No row has a value yet that the checks could refuse: NOT VALID spares a look at all of them while
-- the table is locked.
ALTER TABLE users
    ADD COLUMN external_id text,
    ADD COLUMN metadata    jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT users_external_id_check
        CHECK (external_id COLLATE "C" ~ '^[!-~]{1,128}$') NOT VALID,
    ADD CONSTRAINT users_metadata_check CHECK (jsonb_typeof(metadata) = 'object') NOT VALID;

-- The needs of a batch, with the users whom it names by external id among those that it names by
-- id. An external id never changes its user: it may be looked up before load_batch takes its locks,
-- and that keeps the lock order. Only batches that name such a user call this.
CREATE FUNCTION find_external_ids(needs json) RETURNS json LANGUAGE sql AS $$
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
$$;
