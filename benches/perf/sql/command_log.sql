-- Rows {first} to {last} of the command log, in random order of keys as they come in real life.
INSERT INTO transactions ({?origin, decided_at, ?}job_id, client_id, idempotency_key, fingerprint, operation, entity_id, status, body,
                          attempts, submitted_at, finished_at)
SELECT {?'client', now(), ?}gen_random_uuid(), 2, gen_random_uuid()::text, sha256(int8send(n)), 'subscribe', n, 201,
       repeat('x', 240), 1, now(), now()
FROM generate_series({first}::bigint, {last}::bigint) AS n;
