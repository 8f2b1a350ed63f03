-- How far effects are is written by one statement that fails by itself when a claim is lost, so
-- that it can be sent together with the rest of a batch and its commit.

SET LOCAL lock_timeout = '500ms';

-- Each claim has the task of an effect that goes on and the seconds of its new lease, or no task:
-- that one is done. CL001: somebody else has claimed one of them.
CREATE FUNCTION write_progress(claims json) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    held bigint;
BEGIN
    WITH claim AS (
        SELECT told.client_id, told.id, told.holder, told.task, told.lease_seconds
        FROM json_to_recordset(claims)
            AS told (client_id bigint, id uuid, holder uuid, task json,
                     lease_seconds double precision)
    ), done AS (
        DELETE FROM effects USING claim
        WHERE effects.client_id = claim.client_id AND effects.id = claim.id
          AND effects.holder = claim.holder AND claim.task IS NULL
        RETURNING 1
    ), going_on AS (
        UPDATE effects SET payload = claim.task->'payload', attempts = 1,
            lease_until = clock_timestamp() + make_interval(secs => claim.lease_seconds)
        FROM claim
        WHERE effects.client_id = claim.client_id AND effects.id = claim.id
          AND effects.holder = claim.holder AND claim.task IS NOT NULL
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM done) + (SELECT count(*) FROM going_on) INTO held;
    IF held < json_array_length(claims) THEN
        RAISE EXCEPTION 'a claim to an effect was lost' USING ERRCODE = 'CL001';
    END IF;
END $$;
