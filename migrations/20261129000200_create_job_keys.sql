-- The keys that jobs are signed with. Both programs read them from here, and Redis never sees them.
--
-- Postgres makes them itself, so that no secret is ever part of a statement: two UUIDs have 244
-- random bits, from the generator that Postgres makes its own secrets with. The first key is made
-- here and so exactly once. Jobs without a signature are trusted until it is a day old.
--
-- A key that is not compromised verifies what it has signed for ever. Which one signs follows from
-- their ages (shared/domain/src/job_keys.rs).
CREATE TABLE job_keys (
    kid            text        NOT NULL DEFAULT substr(md5(gen_random_uuid()::text), 1, 8)
                               CONSTRAINT job_keys_pkey PRIMARY KEY,
    secret         bytea       NOT NULL
                               DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
    created_at     timestamptz NOT NULL DEFAULT now(),
    compromised_at timestamptz,
    CONSTRAINT job_keys_kid_check CHECK (kid ~ '^[a-z0-9]{8}$'),
    CONSTRAINT job_keys_secret_check CHECK (length(secret) = 32)
);

INSERT INTO job_keys (kid) VALUES (DEFAULT);
