-- The jobs whose 202 was sent. Redis may lose a job; one that stands here is admitted again. A row
-- lives from the 202 to the decision, and goes in the transaction that decides its job.
--
-- The payload is what a worker would have read from Redis, without the signature: it is signed
-- again when it is admitted again. A job that was given up or discarded has ended_at: it waits for
-- a retry of its client or for an operator, and is not admitted again by itself.
CREATE TABLE accepted_jobs (
    client_id    bigint      NOT NULL CONSTRAINT accepted_jobs_client_fkey REFERENCES clients,
    job_id       uuid        NOT NULL,
    fingerprint  bytea       NOT NULL,
    submitted_at timestamptz NOT NULL,
    payload      text        NOT NULL,
    accepted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz,
    CONSTRAINT accepted_jobs_pkey PRIMARY KEY (client_id, job_id),
    CONSTRAINT accepted_jobs_fingerprint_check CHECK (length(fingerprint) = 32)
);

-- The order in which workers look whether Redis still has them.
CREATE INDEX accepted_jobs_place_idx ON accepted_jobs (accepted_at, job_id) WHERE ended_at IS NULL;

-- Takes the accepted jobs of a batch out of the table: they are about to be decided, or are decided
-- already. Returns those that a worker has to decide as they stand here, whatever its tasks carry.
-- One that has ended binds nobody: its key was used again since.
CREATE FUNCTION take_accepted_jobs(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    places tid[];
    live   json;
BEGIN
    SELECT array_agg(found.place), json_agg(found.accepted) FILTER (WHERE found.is_live)
    INTO places, live
    FROM (SELECT client_id, job_id
          FROM json_to_recordset(needs->'jobs') AS named (client_id bigint, job_id uuid)
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
