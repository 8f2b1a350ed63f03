-- The clocks of test clients, whose time stands still until they move it. A client with
-- `livemode = false` has a row here, and no other client has one. Releases before know neither:
-- they decide by the real time, so no test client is made as long as one of their workers runs.

SET LOCAL lock_timeout = '500ms';

-- `target` is where the clock is being moved to, by the job `job_id`; both are null when it stands.
CREATE TABLE test_clocks (
    client_id bigint      NOT NULL CONSTRAINT test_clocks_client_fkey REFERENCES clients (id),
    now       timestamptz NOT NULL,
    target    timestamptz,
    job_id    uuid,
    CONSTRAINT test_clocks_pkey PRIMARY KEY (client_id),
    -- The years of TestClock in the code.
    CONSTRAINT test_clocks_years_check CHECK (
        now >= '2000-01-01T00:00:00Z' AND now < '9000-01-01T00:00:00Z'
    ),
    CONSTRAINT test_clocks_job_check CHECK ((target IS NULL) = (job_id IS NULL)),
    CONSTRAINT test_clocks_target_check CHECK (target >= now)
);

-- The clocks of those of these clients that have one, kept from being moved until the transaction
-- ends. A batch calls it before it takes any other lock. Others may read a clock meanwhile, and
-- keep it too: only who moves it waits, and is waited for. It is a function, because it sees what
-- was committed while the transaction waited before.
CREATE FUNCTION lock_test_clocks(clients bigint[]) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (SELECT json_agg(locked.loaded)
            FROM (SELECT client.id FROM unnest(clients) AS client (id)
                  ORDER BY client.id) AS wanted,
                LATERAL (SELECT clock_row AS loaded FROM test_clocks AS clock_row
                         WHERE clock_row.client_id = wanted.id LIMIT 1 FOR SHARE) AS locked);
END $$;

-- As before, but for the time at which the plans are made: that of the client. A test client and
-- its clock are made by one statement.
CREATE FUNCTION add_built_in_plans(client bigint, made_at timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO plans (client_id, code, name, tier, tier_rank, features, version, created_at)
    SELECT client, built_in.code, built_in.name, 'standard', 0, '{}', 1, made_at
    FROM (VALUES ('monthly', 'Monthly'), ('yearly', 'Yearly')) AS built_in (code, name);
    INSERT INTO plan_versions (client_id, code, version, "interval", amount, currency, trial_days,
                               grace_days, created_at)
    SELECT client, built_in.code, 1, built_in.every, 0, 'USD', 0, 7, made_at
    FROM (VALUES ('monthly', 'month'), ('yearly', 'year')) AS built_in (code, every);
$$;

CREATE OR REPLACE FUNCTION add_built_in_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Who makes live clients only needs no right to the clocks.
    IF NEW.livemode THEN
        PERFORM add_built_in_plans(NEW.id, now());
    ELSE
        PERFORM add_built_in_plans(
            NEW.id,
            coalesce((SELECT test_clocks.now FROM test_clocks
                      WHERE test_clocks.client_id = NEW.id), now()));
    END IF;
    RETURN NULL;
END $$;

DROP FUNCTION add_built_in_plans(bigint);
