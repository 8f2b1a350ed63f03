-- Closings of the ledger: the sums of what is in it up to a place, so that a balance is the sum of
-- a closing and of what came since. A row of the ledger never changes, and in the order of tx and
-- id none comes before a place that is older than every transaction that goes on. So what is closed
-- is so for ever, whatever time it is for the client.

SET LOCAL lock_timeout = '500ms';

-- How far the ledger of a client is closed. Times are real.
CREATE TABLE ledger_places (
    client_id bigint      NOT NULL,
    tx        xid8        NOT NULL DEFAULT '0',
    ledger_id bigint      NOT NULL DEFAULT 0,
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT ledger_places_pkey PRIMARY KEY (client_id),
    CONSTRAINT ledger_places_client_fkey FOREIGN KEY (client_id) REFERENCES clients (id)
);

-- The debits less the credits of an account up to that place. What is 0 may be left out.
CREATE TABLE ledger_closings (
    client_id bigint NOT NULL,
    account   text   NOT NULL COLLATE "C",
    currency  text   NOT NULL,
    amount    bigint NOT NULL,
    CONSTRAINT ledger_closings_pkey PRIMARY KEY (client_id, account, currency),
    CONSTRAINT ledger_closings_place_fkey
        FOREIGN KEY (client_id) REFERENCES ledger_places (client_id) ON DELETE CASCADE
);

-- Accounts of gifts come to 0, and are swept.
CREATE INDEX ledger_closings_even_idx ON ledger_closings (client_id) WHERE amount = 0;
