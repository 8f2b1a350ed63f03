-- All that a batch writes: new and changed rows of each table, and the command log. See changes.rs.
WITH new_users AS (
    INSERT INTO users (id, client_id, email, created_at)
    SELECT id, client_id, email, created_at FROM json_populate_recordset(NULL::users, $1::text::json)
),
changed_subscriptions AS (
    INSERT INTO subscriptions (id, client_id, livemode, user_id, plan, status, months, start_date,
                               end_date, cancelled_at, created_at, updated_at, due_at)
    SELECT id, client_id,
           (SELECT clients.livemode FROM clients WHERE clients.id = written.client_id),
           user_id, plan, status, months, start_date, end_date, cancelled_at, created_at,
           updated_at, due_at
    FROM json_populate_recordset(NULL::subscriptions, $2::text::json) AS written
    ON CONFLICT (client_id, id) DO UPDATE SET
        status = excluded.status, months = excluded.months, end_date = excluded.end_date,
        cancelled_at = excluded.cancelled_at, updated_at = excluded.updated_at,
        due_at = excluded.due_at
),
changed_gifts AS (
    INSERT INTO gifts (id, client_id, livemode, gifter_id, recipient_email, recipient_id, status,
                       months, expires_at, redeemed_at, created_at, due_at)
    SELECT id, client_id,
           (SELECT clients.livemode FROM clients WHERE clients.id = written.client_id),
           gifter_id, recipient_email, recipient_id, status, months, expires_at, redeemed_at,
           created_at, due_at
    FROM json_populate_recordset(NULL::gifts, $3::text::json) AS written
    ON CONFLICT (client_id, id) DO UPDATE SET
        recipient_id = excluded.recipient_id, status = excluded.status,
        redeemed_at = excluded.redeemed_at, due_at = excluded.due_at
),
new_grants AS (
    INSERT INTO grants (client_id, subscription_id, source, months, gift_id, job_id, granted_at)
    SELECT client_id, subscription_id, source, months, gift_id, job_id, granted_at
    FROM json_populate_recordset(NULL::grants, $4::text::json)
)
INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint, operation, input,
                          user_id, entity_id, status, body, attempts, submitted_at, decided_at,
                          finished_at)
SELECT job_id, client_id, origin, idempotency_key, fingerprint, operation, input, user_id,
       entity_id, status, body, attempts, submitted_at, decided_at, finished_at
FROM json_populate_recordset(NULL::transactions, $5::text::json)
