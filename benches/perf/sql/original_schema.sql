-- What the original keeps of a subscription: no grants, no stored answer, no fingerprint.
CREATE TABLE users (
    id         bigint      PRIMARY KEY,
    client_id  bigint      NOT NULL,
    email      text        NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);
CREATE TABLE subscriptions (
    id         bigserial   PRIMARY KEY,
    user_id    bigint      NOT NULL REFERENCES users,
    plan       text        NOT NULL,
    status     text        NOT NULL,
    start_date timestamptz NOT NULL,
    end_date   timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON subscriptions (user_id);
CREATE INDEX ON subscriptions (status, end_date);
CREATE TABLE transactions (
    id              bigserial   PRIMARY KEY,
    user_id         bigint      NOT NULL REFERENCES users,
    subscription_id bigint      REFERENCES subscriptions,
    kind            text        NOT NULL,
    idempotency_key text        NOT NULL UNIQUE,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON transactions (user_id);

-- As in the product.
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database()); END $$;
