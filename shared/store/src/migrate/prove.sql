-- The steps before the second migration, when release 0.2.0 does not run any more. They let Postgres
-- see, without a lock that stops anybody, that no column is null which the migration declares so:
-- the migration then reads no table. 0.2.0 could not work with these checks, because the client of
-- its rows is filled in after they are written.

-- step: the columns of subscriptions
CALL add_not_null_check('subscriptions', '{client_id, livemode}');
-- step: the columns of gifts
CALL add_not_null_check('gifts', '{client_id, livemode}');
-- step: the columns of grants
CALL add_not_null_check('grants', '{client_id}');
-- step: the columns of the command log
CALL add_not_null_check('transactions', '{origin, decided_at}');

-- step: every subscription
ALTER TABLE subscriptions VALIDATE CONSTRAINT subscriptions_not_null_check;
-- step: every gift
ALTER TABLE gifts VALIDATE CONSTRAINT gifts_not_null_check;
-- step: every grant
ALTER TABLE grants VALIDATE CONSTRAINT grants_not_null_check;
-- step: the whole command log
ALTER TABLE transactions VALIDATE CONSTRAINT transactions_not_null_check;
