-- What users, subscriptions, gifts and grants know of money. Releases before go on working: they
-- name none of the new columns, and do not load subscriptions in the states that they do not know.

SET LOCAL lock_timeout = '500ms';

-- The currency is that of the first payment that succeeded; credit is what is not reserved.
ALTER TABLE users
    ADD COLUMN currency       text,
    ADD COLUMN credit         bigint NOT NULL DEFAULT 0,
    ADD COLUMN default_method bigint,
    ADD CONSTRAINT users_currency_check CHECK (currency ~ '^[A-Z]{3}$') NOT VALID,
    ADD CONSTRAINT users_credit_check CHECK (
        credit >= 0 AND (credit = 0 OR currency IS NOT NULL)
    ) NOT VALID;

-- conversion_*: the first period after a trial, as long as it is owed. payment_*: the payment that
-- it waits for, and until when. recognise_at: when the next of its grants ends that was paid for.
-- One that is pending covers nothing, and so does one that expired unpaid.
ALTER TABLE subscriptions
    ADD COLUMN trial_end          timestamptz,
    ADD COLUMN conversion_months  integer,
    ADD COLUMN conversion_payable boolean,
    ADD COLUMN attempts           integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_at           timestamptz,
    ADD COLUMN payment_id         bigint,
    ADD COLUMN payment_until      timestamptz,
    ADD COLUMN recognise_at       timestamptz,
    DROP CONSTRAINT subscriptions_status_check,
    DROP CONSTRAINT subscriptions_period_check,
    DROP CONSTRAINT subscriptions_live_due_check,
    ADD CONSTRAINT subscriptions_status_check CHECK (
        status IN ('pending', 'scheduled', 'trialing', 'active', 'past_due', 'paused', 'cancelled',
                   'expired')
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_period_check CHECK (
        CASE WHEN status IN ('pending', 'scheduled') THEN start_date = end_date
             WHEN status IN ('cancelled', 'expired') THEN start_date <= end_date
             ELSE start_date < end_date END
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_live_due_check CHECK (
        status NOT IN ('pending', 'trialing', 'past_due', 'paused') OR due_at IS NOT NULL
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_conversion_check CHECK (
        (conversion_months IS NULL) = (conversion_payable IS NULL)
        AND coalesce(conversion_months, 1) >= 1
    ) NOT VALID,
    ADD CONSTRAINT subscriptions_attempts_check CHECK (attempts >= 0) NOT VALID,
    ADD CONSTRAINT subscriptions_payment_check CHECK (
        (payment_id IS NULL) = (payment_until IS NULL)
    ) NOT VALID;

-- The trigger is there only until no release 0.2.0 runs any more, which knows nothing of payments.
DO $migration$ BEGIN
    IF to_regprocedure('fill_subscription()') IS NOT NULL THEN
        CREATE OR REPLACE FUNCTION fill_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.status IN ('active', 'cancelled', 'expired')
               AND NEW.recognise_at IS NULL AND NEW.payment_id IS NULL THEN
                NEW.due_at := CASE WHEN NEW.status = 'active' THEN NEW.end_date END;
            END IF;
            RETURN NEW;
        END $$;
    END IF;
END $migration$;

-- payment_id is that of its payment, also while it is not paid.
ALTER TABLE gifts
    ADD COLUMN value      bigint NOT NULL DEFAULT 0,
    ADD COLUMN currency   text,
    ADD COLUMN payment_id bigint,
    DROP CONSTRAINT gifts_status_check,
    DROP CONSTRAINT gifts_due_check,
    ADD CONSTRAINT gifts_status_check CHECK (
        status IN ('incomplete', 'pending', 'redeemed', 'expired', 'cancelled')
    ) NOT VALID,
    ADD CONSTRAINT gifts_due_check CHECK (
        status NOT IN ('incomplete', 'pending') OR due_at IS NOT NULL
    ) NOT VALID,
    ADD CONSTRAINT gifts_value_check CHECK (
        value >= 0 AND (value = 0 OR currency IS NOT NULL AND payment_id IS NOT NULL)
    ) NOT VALID;

-- The slice is the time that a grant covers: null while its subscription waits, and in rows of
-- releases before (grants_of computes it). length_us is the length that it had at first. value is
-- what was paid for it and is not earned. A change of plan takes the months of a grant over into
-- another.
ALTER TABLE grants
    ADD COLUMN slice_start timestamptz,
    ADD COLUMN slice_end   timestamptz,
    ADD COLUMN length_us   bigint,
    ADD COLUMN value       bigint NOT NULL DEFAULT 0,
    ADD COLUMN currency    text,
    ADD COLUMN payment_id  bigint,
    ADD COLUMN to_credit   bigint NOT NULL DEFAULT 0,
    ADD COLUMN from_grant  bigint,
    ADD COLUMN closed_at   timestamptz,
    DROP CONSTRAINT grants_source_check,
    DROP CONSTRAINT grants_months_check,
    ADD CONSTRAINT grants_source_check CHECK (
        source IN ('purchase', 'renewal', 'gift', 'goodwill', 'import', 'trial', 'change')
    ) NOT VALID,
    ADD CONSTRAINT grants_months_check CHECK (months >= 0) NOT VALID,
    ADD CONSTRAINT grants_slice_check CHECK (
        (slice_start IS NULL) = (slice_end IS NULL) AND slice_start <= slice_end
    ) NOT VALID,
    ADD CONSTRAINT grants_length_check CHECK (length_us > 0) NOT VALID,
    ADD CONSTRAINT grants_value_check CHECK (
        value >= 0 AND to_credit >= 0 AND (value = 0 OR currency IS NOT NULL)
    ) NOT VALID,
    -- Payments are written after grants, because they refer to subscriptions.
    ADD CONSTRAINT grants_payment_fkey
        FOREIGN KEY (client_id, payment_id) REFERENCES payments (client_id, id)
        DEFERRABLE INITIALLY DEFERRED NOT VALID;
