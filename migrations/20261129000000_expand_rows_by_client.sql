-- Every row of a client names its client, so that keys and look-ups can be by client; and rows that
-- become due say when. This is the first of two migrations, and release 0.2.0 goes on working
-- between them: the columns are nullable, triggers fill them in rows that it writes, and its
-- load_batch stays. It changes the catalogue only and takes no time. After it the program fills the
-- old rows and builds the keys (shared/store/src/migrate/fill.sql), and then the second migration
-- takes away what only 0.2.0 needs.

-- The order in which batches lock. All are locked before anything changes, so that no batch is
-- between drawing an id and writing it. The wait is short, because everything that comes later
-- queues behind it; the program tries again.
SET LOCAL lock_timeout = '500ms';
LOCK TABLE users, gifts, subscriptions, grants, transactions IN ACCESS EXCLUSIVE MODE;

ALTER TABLE clients ADD COLUMN livemode boolean NOT NULL DEFAULT true;

-- due_at is the next instant at which something must happen to the row; null when nothing must.
-- livemode is copied from the client: a row that is not live follows the clock of its client.
ALTER TABLE subscriptions
    ADD COLUMN client_id bigint,
    ADD COLUMN livemode  boolean,
    ADD COLUMN due_at    timestamptz,
    ADD CONSTRAINT subscriptions_due_check
        CHECK (status <> 'active' OR due_at IS NOT NULL) NOT VALID;

ALTER TABLE gifts
    ADD COLUMN client_id bigint,
    ADD COLUMN livemode  boolean,
    ADD COLUMN due_at    timestamptz,
    ADD CONSTRAINT gifts_due_check CHECK (status <> 'pending' OR due_at IS NOT NULL) NOT VALID;

ALTER TABLE grants ADD COLUMN client_id bigint;

-- origin says who made the command: a client, or a worker because something was due. An internal
-- command is kept as its input. decided_at is the time by which it was decided. user_id is the user
-- whom it concerns, if there is one. It has no foreign key: the log says what was decided, whatever
-- becomes of the user, and a check would cost every command one more look-up and lock.
-- The expiries that 0.2.0 marks belong to client 1 and have no input.
ALTER TABLE transactions
    ADD COLUMN origin     text,
    ADD COLUMN input      jsonb,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN user_id    bigint,
    ADD CONSTRAINT transactions_origin_check CHECK (origin IN ('client', 'internal')) NOT VALID,
    ADD CONSTRAINT transactions_input_check CHECK (
        CASE WHEN client_id = 1 THEN input IS NULL
             ELSE (origin = 'internal') = (input IS NOT NULL) END
    ) NOT VALID;

-- Plain sequences instead of identity columns. They keep their names, which load_batch uses, and go
-- on after the last value.
DO $$
DECLARE
    place  record;
    next_value bigint;
BEGIN
    FOR place IN SELECT owner, col, owner || '_' || col || '_seq' AS seq
                 FROM (VALUES ('users', 'id'), ('gifts', 'id'), ('subscriptions', 'id'),
                              ('grants', 'id'), ('transactions', 'position')) AS ids (owner, col)
    LOOP
        EXECUTE format('SELECT last_value + is_called::integer FROM %I', place.seq) INTO next_value;
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I DROP IDENTITY', place.owner, place.col);
        EXECUTE format('CREATE SEQUENCE %I START %s OWNED BY %I.%I',
                       place.seq, next_value, place.owner, place.col);
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT nextval(%L)',
                       place.owner, place.col, place.seq);
    END LOOP;
END $$;

-- What rows of 0.2.0 lack and their own columns tell.
CREATE FUNCTION fill_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due_at := CASE WHEN NEW.status = 'active' THEN NEW.end_date END;
    RETURN NEW;
END $$;

CREATE FUNCTION fill_gift() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due_at := CASE WHEN NEW.status = 'pending' THEN NEW.expires_at END;
    RETURN NEW;
END $$;

CREATE FUNCTION fill_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.origin := coalesce(NEW.origin, CASE NEW.client_id WHEN 1 THEN 'internal' ELSE 'client' END);
    NEW.decided_at := coalesce(NEW.decided_at, NEW.finished_at);
    RETURN NEW;
END $$;

CREATE TRIGGER fill_subscription BEFORE INSERT OR UPDATE ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION fill_subscription();
CREATE TRIGGER fill_gift BEFORE INSERT OR UPDATE ON gifts
    FOR EACH ROW EXECUTE FUNCTION fill_gift();
CREATE TRIGGER fill_transaction BEFORE INSERT ON transactions
    FOR EACH ROW EXECUTE FUNCTION fill_transaction();

-- What other rows tell. A batch of 0.2.0 writes all tables in one statement, and Postgres writes
-- the rows that refer before those that they refer to: only after the statement are all there. A
-- grant comes before its subscription and its gift, too, so these are filled with it: its foreign
-- keys look for their clients.
CREATE FUNCTION fill_client() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    id_of_subscription bigint;
    id_of_gift         bigint;
BEGIN
    CASE TG_TABLE_NAME
    WHEN 'subscriptions' THEN id_of_subscription := NEW.id;
    WHEN 'gifts' THEN id_of_gift := NEW.id;
    WHEN 'grants' THEN
        id_of_subscription := NEW.subscription_id;
        id_of_gift := NEW.gift_id;
    END CASE;
    UPDATE subscriptions SET client_id = clients.id, livemode = clients.livemode
    FROM users JOIN clients ON clients.id = users.client_id
    WHERE subscriptions.id = id_of_subscription AND subscriptions.client_id IS NULL
      AND users.id = subscriptions.user_id;
    UPDATE gifts SET client_id = clients.id, livemode = clients.livemode
    FROM users JOIN clients ON clients.id = users.client_id
    WHERE gifts.id = id_of_gift AND gifts.client_id IS NULL AND users.id = gifts.gifter_id;
    IF TG_TABLE_NAME = 'grants' THEN
        UPDATE grants SET client_id = subscriptions.client_id FROM subscriptions
        WHERE grants.id = NEW.id AND subscriptions.id = grants.subscription_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER fill_client AFTER INSERT ON subscriptions
    FOR EACH ROW WHEN (NEW.client_id IS NULL) EXECUTE FUNCTION fill_client();
CREATE TRIGGER fill_client AFTER INSERT ON gifts
    FOR EACH ROW WHEN (NEW.client_id IS NULL) EXECUTE FUNCTION fill_client();
CREATE TRIGGER fill_client AFTER INSERT ON grants
    FOR EACH ROW WHEN (NEW.client_id IS NULL) EXECUTE FUNCTION fill_client();

-- For fill.sql: adds a foreign key that old rows are not checked for yet. It locks both tables, so
-- it must not wait long either.
CREATE PROCEDURE add_foreign_key(of_table regclass, key_name name, definition text)
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = of_table AND conname = key_name) THEN
        SET LOCAL lock_timeout = '500ms';
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY %s NOT VALID',
                       of_table, key_name, definition);
    END IF;
END $$;

-- For prove.sql: forbids null in columns, without looking at the rows that are there.
CREATE PROCEDURE add_not_null_check(of_table regclass, columns name[])
LANGUAGE plpgsql AS $$
DECLARE
    check_name text := of_table || '_not_null_check';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint
                   WHERE conrelid = of_table AND conname = check_name) THEN
        SET LOCAL lock_timeout = '500ms';
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s) NOT VALID',
                       of_table, check_name,
                       (SELECT string_agg(format('%I IS NOT NULL', name), ' AND ')
                        FROM unnest(columns) AS name));
    END IF;
END $$;

-- What a batch of commands is decided with, locked and read in one round trip. A function, because
-- each statement in it sees what was committed while the one before it waited for a lock.
--
-- The argument names rows with their clients, in this form; what is absent is not needed:
--   {"users": [{"client_id": 2, "id": 1}], "emails": [{"client_id": 2, "email": "a@b.org"}],
--    "gifts": [...], "subscriptions": [...], "jobs": [{"client_id": 2, "job_id": "..."}],
--    "new_users": 1, "new_gifts": 0, "new_subscriptions": 0}
--
-- Lock order: users, gifts, subscriptions; ids ascending in each. The user row is the mutex of its
-- subscriptions: it is locked before they are looked at. NO KEY leaves the foreign keys of others
-- alone. The command log, the ids and the clock come last, with those locks held: the transaction's
-- own start may lie before what others committed meanwhile.
--
-- LIMIT has each row looked up by itself, by its key, whatever the sizes of the tables. Columns are
-- named, so that one that a later release adds does not reach this one.
CREATE FUNCTION load_batch(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    clients_of_users bigint[];
    ids_of_users     bigint[];
    locked_users         json;
    locked_gifts         json;
    locked_subscriptions json;
BEGIN
    -- Those named by id, those of the subscriptions, and those named by email. A subscription never
    -- changes its user and a user never its email: both may be looked up before the locks are held.
    SELECT array_agg(client_id), array_agg(id) INTO clients_of_users, ids_of_users
    FROM json_to_recordset(needs->'users') AS named (client_id bigint, id bigint);
    IF needs->'subscriptions' IS NOT NULL THEN
        SELECT clients_of_users || array_agg(owner.client_id),
               ids_of_users || array_agg(owner.user_id)
        INTO clients_of_users, ids_of_users
        FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint),
            LATERAL (SELECT client_id, user_id FROM subscriptions
                     WHERE subscriptions.client_id = named.client_id
                       AND subscriptions.id = named.id LIMIT 1) AS owner;
    END IF;
    IF needs->'emails' IS NOT NULL THEN
        SELECT clients_of_users || array_agg(addressee.client_id),
               ids_of_users || array_agg(addressee.id)
        INTO clients_of_users, ids_of_users
        FROM json_to_recordset(needs->'emails') AS named (client_id bigint, email text),
            LATERAL (SELECT client_id, id FROM users
                     WHERE users.client_id = named.client_id
                       AND lower(users.email COLLATE "C") = named.email COLLATE "C"
                     LIMIT 1) AS addressee;
    END IF;
    IF ids_of_users IS NOT NULL THEN
        SELECT json_agg(locked) INTO locked_users
        FROM (SELECT DISTINCT client_id, id
              FROM unnest(clients_of_users, ids_of_users) AS named (client_id, id)
              ORDER BY id, client_id) AS wanted,
            LATERAL (SELECT id, client_id, email, created_at FROM users
                     WHERE users.client_id = wanted.client_id AND users.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    IF needs->'gifts' IS NOT NULL THEN
        SELECT json_agg(locked) INTO locked_gifts
        FROM (SELECT client_id, id
              FROM json_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint)
              ORDER BY id, client_id) AS wanted,
            LATERAL (SELECT id, client_id, gifter_id, recipient_email, recipient_id, status, months,
                            expires_at, redeemed_at, created_at, due_at
                     FROM gifts WHERE gifts.client_id = wanted.client_id AND gifts.id = wanted.id
                     LIMIT 1 FOR NO KEY UPDATE) AS locked;
    END IF;
    -- Those named by id, and the active ones of the users.
    SELECT json_agg(locked) INTO locked_subscriptions
    FROM (SELECT client_id, id
          FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint)
          UNION
          SELECT active.client_id, active.id
          FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id),
              LATERAL (SELECT client_id, id FROM subscriptions
                       WHERE subscriptions.client_id = owner.client_id
                         AND subscriptions.user_id = owner.id AND subscriptions.status = 'active'
                       LIMIT 1) AS active
          ORDER BY id, client_id) AS wanted,
        LATERAL (SELECT id, client_id, user_id, plan, status, months, start_date, end_date,
                        cancelled_at, created_at, updated_at, due_at
                 FROM subscriptions
                 WHERE subscriptions.client_id = wanted.client_id
                   AND subscriptions.id = wanted.id
                 LIMIT 1 FOR NO KEY UPDATE) AS locked;
    RETURN json_build_object(
        'users', locked_users,
        'gifts', locked_gifts,
        'subscriptions', locked_subscriptions,
        'decided',
        (SELECT json_agg(entry)
         FROM json_to_recordset(needs->'jobs') AS named (client_id bigint, job_id uuid),
             LATERAL (SELECT job_id, client_id, origin, idempotency_key, fingerprint, operation,
                             input, user_id, entity_id, status, body, attempts, submitted_at,
                             decided_at, finished_at
                      FROM transactions
                      WHERE transactions.client_id = named.client_id
                        AND transactions.job_id = named.job_id LIMIT 1) AS entry),
        'new_users', ARRAY(SELECT nextval('users_id_seq')
                           FROM generate_series(1, (needs->>'new_users')::integer)),
        'new_gifts', ARRAY(SELECT nextval('gifts_id_seq')
                           FROM generate_series(1, (needs->>'new_gifts')::integer)),
        'new_subscriptions', ARRAY(SELECT nextval('subscriptions_id_seq')
                                   FROM generate_series(1, (needs->>'new_subscriptions')::integer)),
        'now', clock_timestamp()
    );
END $$;

-- Locks what load_batch would lock, as far as nobody else has it locked, and returns the needs
-- without the rest. So a batch that loads what this returns never waits. A user counts as locked
-- only together with the active subscription, and a subscription only together with its user.
-- Users that are needed by email are left out: what is due names its rows by id.
CREATE FUNCTION lock_unlocked(needs json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    clients_of_users bigint[];
    ids_of_users     bigint[];
    locked_gifts         json;
    locked_users         json;
    locked_subscriptions json;
BEGIN
    SELECT array_agg(locked.client_id), array_agg(locked.id) INTO clients_of_users, ids_of_users
    FROM (SELECT client_id, id
          FROM json_to_recordset(needs->'users') AS named (client_id bigint, id bigint)
          UNION
          SELECT owner.client_id, owner.user_id
          FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint),
              LATERAL (SELECT client_id, user_id FROM subscriptions
                       WHERE subscriptions.client_id = named.client_id
                         AND subscriptions.id = named.id LIMIT 1) AS owner
          ORDER BY id, client_id) AS wanted,
        LATERAL (SELECT client_id, id FROM users
                 WHERE users.client_id = wanted.client_id AND users.id = wanted.id
                 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    SELECT json_agg(locked) INTO locked_gifts
    FROM (SELECT client_id, id
          FROM json_to_recordset(needs->'gifts') AS named (client_id bigint, id bigint)
          ORDER BY id, client_id) AS wanted,
        LATERAL (SELECT client_id, id FROM gifts
                 WHERE gifts.client_id = wanted.client_id AND gifts.id = wanted.id
                 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked;
    -- The users whose active subscription can be locked, too, and those that have none.
    SELECT array_agg(owner.client_id), array_agg(owner.id) INTO clients_of_users, ids_of_users
    FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id)
        LEFT JOIN LATERAL (SELECT client_id, id FROM subscriptions
                           WHERE subscriptions.client_id = owner.client_id
                             AND subscriptions.user_id = owner.id
                             AND subscriptions.status = 'active' LIMIT 1) AS active ON true
        LEFT JOIN LATERAL (SELECT id FROM subscriptions
                           WHERE subscriptions.client_id = active.client_id
                             AND subscriptions.id = active.id
                           LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked ON true
    WHERE active.id IS NULL OR locked.id IS NOT NULL;
    SELECT json_agg(named) INTO locked_users
    FROM json_to_recordset(needs->'users') AS named (client_id bigint, id bigint)
    WHERE (client_id, id) IN (SELECT owner.client_id, owner.id
                              FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id));
    SELECT json_agg(json_build_object('client_id', locked.client_id, 'id', locked.id))
    INTO locked_subscriptions
    FROM (SELECT client_id, id
          FROM json_to_recordset(needs->'subscriptions') AS named (client_id bigint, id bigint)
          ORDER BY id, client_id) AS wanted,
        LATERAL (SELECT client_id, id, user_id FROM subscriptions
                 WHERE subscriptions.client_id = wanted.client_id AND subscriptions.id = wanted.id
                 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS locked
    WHERE (locked.client_id, locked.user_id)
          IN (SELECT owner.client_id, owner.id
              FROM unnest(clients_of_users, ids_of_users) AS owner (client_id, id));
    RETURN json_strip_nulls(json_build_object(
        'users', locked_users, 'gifts', locked_gifts, 'subscriptions', locked_subscriptions,
        'jobs', needs->'jobs', 'new_users', needs->'new_users', 'new_gifts', needs->'new_gifts',
        'new_subscriptions', needs->'new_subscriptions'
    ));
END $$;
