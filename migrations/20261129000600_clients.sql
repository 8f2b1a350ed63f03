-- A client may have a rate limit of its own, and one client is the operator's.
--
-- Release 0.2.0 goes on working beside it: it names none of the new columns. The wait for the lock
-- is short, because everything that comes later queues behind it; the program tries again.
SET LOCAL lock_timeout = '500ms';
LOCK TABLE clients IN ACCESS EXCLUSIVE MODE;

-- So many commands in so many seconds, 0 for any number. Null: as the settings of the api say.
-- Redis counts in integers below 2^53: requests times microseconds.
ALTER TABLE clients
    ADD COLUMN rate_requests       bigint,
    ADD COLUMN rate_window_seconds bigint,
    ADD COLUMN is_operator         boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT clients_rate_check CHECK (
        (rate_requests IS NULL) = (rate_window_seconds IS NULL)
        AND rate_requests >= 0
        AND rate_window_seconds BETWEEN 1 AND 86400
        AND rate_requests::numeric * rate_window_seconds * 1000000 < 9007199254740992
    );

-- The operator is known by the flag alone. Its id is 3 and its name `operator`, unless somebody has
-- taken them: who had that id or that name before keeps it, and gets no rights by it.
CREATE UNIQUE INDEX clients_operator_key ON clients (is_operator) WHERE is_operator;

INSERT INTO clients (id, name, is_operator)
SELECT coalesce(
           (SELECT min(id) FROM generate_series(3, 99) AS free (id)
            WHERE NOT EXISTS (SELECT FROM clients WHERE clients.id = free.id)),
           nextval('clients_id_seq')
       ),
       (SELECT name
        FROM generate_series(1, 1 + (SELECT count(*) FROM clients)) AS n,
             LATERAL (SELECT 'operator' || CASE n WHEN 1 THEN '' ELSE '-' || n END AS name) AS free
        WHERE NOT EXISTS (SELECT FROM clients WHERE clients.name = free.name)
        ORDER BY n LIMIT 1),
       true;
