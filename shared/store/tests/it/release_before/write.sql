-- The statement with which release 0.2.0 writes a batch, as it was.
WITH new_users AS (
    INSERT INTO users (id, client_id, email, created_at)
    SELECT id, client_id, email, created_at
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[])
         AS written (id, client_id, email, created_at)
),
changed_subscriptions AS (
    INSERT INTO subscriptions (id, user_id, plan, status, months, start_date, end_date,
                               cancelled_at, created_at, updated_at)
    SELECT id, user_id, plan, status, months, start_date, end_date, cancelled_at, created_at,
           updated_at
    FROM unnest($5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::integer[],
                $10::timestamptz[], $11::timestamptz[], $12::timestamptz[],
                $13::timestamptz[], $14::timestamptz[])
         AS written (id, user_id, plan, status, months, start_date, end_date, cancelled_at,
                 created_at, updated_at)
    ON CONFLICT (id) DO UPDATE SET
        status = excluded.status, months = excluded.months, end_date = excluded.end_date,
        cancelled_at = excluded.cancelled_at, updated_at = excluded.updated_at
),
changed_gifts AS (
    INSERT INTO gifts (id, gifter_id, recipient_email, recipient_id, status, months,
                       expires_at, redeemed_at, created_at)
    SELECT id, gifter_id, recipient_email, recipient_id, status, months, expires_at, redeemed_at,
           created_at
    FROM unnest($15::bigint[], $16::bigint[], $17::text[], $18::bigint[], $19::text[],
                $20::integer[], $21::timestamptz[], $22::timestamptz[], $23::timestamptz[])
         AS written (id, gifter_id, recipient_email, recipient_id, status, months, expires_at,
                 redeemed_at, created_at)
    ON CONFLICT (id) DO UPDATE SET
        recipient_id = excluded.recipient_id, status = excluded.status,
        redeemed_at = excluded.redeemed_at
),
new_grants AS (
    INSERT INTO grants (subscription_id, source, months, gift_id, job_id, granted_at)
    SELECT subscription_id, source, months, gift_id, job_id, granted_at
    FROM unnest($24::bigint[], $25::text[], $26::integer[], $27::bigint[], $28::uuid[],
                $29::timestamptz[])
         AS written (subscription_id, source, months, gift_id, job_id, granted_at)
)
INSERT INTO transactions (job_id, client_id, idempotency_key, fingerprint, operation,
                          entity_id, status, body, attempts, submitted_at, finished_at)
SELECT job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status, body,
       attempts, submitted_at, finished_at
FROM unnest($30::uuid[], $31::bigint[], $32::text[], $33::bytea[], $34::text[],
            $35::bigint[], $36::smallint[], $37::text[], $38::integer[],
            $39::timestamptz[], $40::timestamptz[])
     AS written (job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status,
             body, attempts, submitted_at, finished_at)
