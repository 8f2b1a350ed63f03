-- The second of two migrations: the new columns and keys take the place of the old ones, and what
-- only release 0.2.0 needs goes. That release cannot work with this schema, so the program applies
-- it when no session of another release is connected (docs/OPERATIONS.md). It reads no table: the
-- steps before it have built the keys and proved that no column is null.

SET LOCAL lock_timeout = '500ms';
LOCK TABLE users, gifts, subscriptions, grants, transactions IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER fill_subscription ON subscriptions;
DROP TRIGGER fill_gift ON gifts;
DROP TRIGGER fill_transaction ON transactions;
DROP TRIGGER fill_client ON subscriptions;
DROP TRIGGER fill_client ON gifts;
DROP TRIGGER fill_client ON grants;
DROP FUNCTION fill_subscription();
DROP FUNCTION fill_gift();
DROP FUNCTION fill_transaction();
DROP FUNCTION fill_client();
DROP PROCEDURE add_foreign_key(regclass, name, text);
DROP PROCEDURE add_not_null_check(regclass, name[]);
DROP FUNCTION load_batch(bigint[], bigint[], bigint[], uuid[], integer, integer, integer);

DROP INDEX subscriptions_unfilled_idx, gifts_unfilled_idx, grants_unfilled_idx,
           transactions_unfilled_idx, subscriptions_one_active_key, subscriptions_user_idx,
           subscriptions_due_idx, gifts_due_idx, grants_gift_key;

-- The old foreign keys go before the keys that they refer to.
ALTER TABLE grants
    DROP CONSTRAINT grants_subscription_fkey,
    DROP CONSTRAINT grants_gift_fkey,
    DROP CONSTRAINT grants_pkey,
    ALTER COLUMN client_id SET NOT NULL,
    ADD CONSTRAINT grants_pkey PRIMARY KEY USING INDEX grants_new_pkey;
ALTER TABLE gifts
    DROP CONSTRAINT gifts_gifter_fkey,
    DROP CONSTRAINT gifts_recipient_fkey,
    DROP CONSTRAINT gifts_pkey,
    ALTER COLUMN client_id SET NOT NULL,
    ALTER COLUMN livemode SET NOT NULL,
    ADD CONSTRAINT gifts_pkey PRIMARY KEY USING INDEX gifts_new_pkey;
ALTER TABLE subscriptions
    DROP CONSTRAINT subscriptions_user_fkey,
    DROP CONSTRAINT subscriptions_pkey,
    ALTER COLUMN client_id SET NOT NULL,
    ALTER COLUMN livemode SET NOT NULL,
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY USING INDEX subscriptions_new_pkey;
ALTER TABLE users
    DROP CONSTRAINT users_pkey,
    ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_new_pkey;
ALTER TABLE transactions
    DROP CONSTRAINT transactions_pkey,
    ALTER COLUMN origin SET NOT NULL,
    ALTER COLUMN decided_at SET NOT NULL,
    ADD CONSTRAINT transactions_pkey PRIMARY KEY USING INDEX transactions_new_pkey,
    ADD CONSTRAINT transactions_idempotency_key
        UNIQUE USING INDEX transactions_new_idempotency_key;

ALTER TABLE subscriptions DROP CONSTRAINT IF EXISTS subscriptions_not_null_check;
ALTER TABLE gifts DROP CONSTRAINT IF EXISTS gifts_not_null_check;
ALTER TABLE grants DROP CONSTRAINT IF EXISTS grants_not_null_check;
ALTER TABLE transactions DROP CONSTRAINT IF EXISTS transactions_not_null_check;

ALTER TABLE subscriptions RENAME CONSTRAINT subscriptions_new_user_fkey TO subscriptions_user_fkey;
ALTER TABLE gifts RENAME CONSTRAINT gifts_new_gifter_fkey TO gifts_gifter_fkey;
ALTER TABLE gifts RENAME CONSTRAINT gifts_new_recipient_fkey TO gifts_recipient_fkey;
ALTER TABLE grants RENAME CONSTRAINT grants_new_subscription_fkey TO grants_subscription_fkey;
ALTER TABLE grants RENAME CONSTRAINT grants_new_gift_fkey TO grants_gift_fkey;
ALTER INDEX subscriptions_new_one_active_key RENAME TO subscriptions_one_active_key;
ALTER INDEX subscriptions_new_user_idx RENAME TO subscriptions_user_idx;
ALTER INDEX grants_new_gift_key RENAME TO grants_gift_key;

-- The program writes due_at with every change. Whoever repairs an end by hand need not know of it:
-- where the row was due at its end, it is due at its new end.
CREATE FUNCTION follow_end_date() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due_at := NEW.end_date;
    RETURN NEW;
END $$;

CREATE FUNCTION follow_expires_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due_at := NEW.expires_at;
    RETURN NEW;
END $$;

CREATE TRIGGER follow_end_date BEFORE UPDATE OF end_date ON subscriptions FOR EACH ROW
    WHEN (NEW.end_date <> OLD.end_date AND OLD.due_at = OLD.end_date AND NEW.due_at = OLD.due_at)
    EXECUTE FUNCTION follow_end_date();
CREATE TRIGGER follow_expires_at BEFORE UPDATE OF expires_at ON gifts FOR EACH ROW
    WHEN (NEW.expires_at <> OLD.expires_at AND OLD.due_at = OLD.expires_at
          AND NEW.due_at = OLD.due_at)
    EXECUTE FUNCTION follow_expires_at();
