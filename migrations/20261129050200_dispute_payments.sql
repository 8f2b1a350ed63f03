-- Disputes: what users have told their banks about payments. The releases before do not read it.

SET LOCAL lock_timeout = '500ms';

-- The last dispute: the provider's id of it, the amount, and how far it is.
ALTER TABLE payments
    ADD COLUMN dispute text,
    ADD COLUMN disputed bigint,
    ADD COLUMN dispute_status text,
    ADD CONSTRAINT payments_dispute_check CHECK (
        num_nulls(dispute, disputed, dispute_status) IN (0, 3)
        AND (dispute IS NULL
             OR disputed BETWEEN 0 AND cash AND phase = 'succeeded'
                AND dispute_status IN ('opened', 'won', 'lost'))
    ) NOT VALID;
