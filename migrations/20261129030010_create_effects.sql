-- Commands whose answer comes later: their entry in the command log lacks it until an effect has
-- brought it, and effects are rows.
--
-- Release 0.3.0 goes on working beside it. It writes answers always. It cannot read an entry that
-- has none, and holds its task until a worker of this release has it: only these write such ones.
SET LOCAL lock_timeout = '500ms';

ALTER TABLE transactions
    ALTER COLUMN status DROP NOT NULL,
    ALTER COLUMN body DROP NOT NULL,
    ALTER COLUMN finished_at DROP NOT NULL,
    ADD CONSTRAINT transactions_answer_check CHECK (
        (status IS NULL) = (body IS NULL)
        AND (status IS NULL) = (finished_at IS NULL)
        AND (status IS NOT NULL OR entity_id IS NULL)
    ) NOT VALID;

-- What is to be done outside of the transaction that caused it, or in transactions of its own. A
-- row lives until it is done. Whoever performs it holds it by a lease, and renews that while it
-- goes on; the times are real ones.
CREATE TABLE effects (
    client_id   bigint      NOT NULL CONSTRAINT effects_client_fkey REFERENCES clients,
    id          uuid        NOT NULL,
    kind        text        NOT NULL,
    -- The job that waits for it. Its entry in the command log is written with it.
    job_id      uuid        NOT NULL,
    payload     json        NOT NULL,
    due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- The claim, drawn anew with each of them.
    holder      uuid,
    lease_until timestamptz,
    -- How often it was claimed since it got on.
    attempts    integer     NOT NULL DEFAULT 0,
    CONSTRAINT effects_pkey PRIMARY KEY (client_id, id),
    CONSTRAINT effects_attempts_check CHECK (attempts >= 0),
    CONSTRAINT effects_lease_check CHECK ((holder IS NULL) = (lease_until IS NULL))
);

-- The order in which runners look for what is due.
CREATE INDEX effects_due_idx ON effects (due_at, id);

-- As lock_test_clocks, but to move them: commands of these clients wait until the transaction ends.
CREATE FUNCTION lock_test_clocks_to_move(clients bigint[]) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (SELECT json_agg(locked.loaded)
            FROM (SELECT client.id FROM unnest(clients) AS client (id)
                  ORDER BY client.id) AS wanted,
                LATERAL (SELECT clock_row AS loaded FROM test_clocks AS clock_row
                         WHERE clock_row.client_id = wanted.id
                         LIMIT 1 FOR NO KEY UPDATE) AS locked);
END $$;
