-- What was paid for time that has not ended.
SELECT 'deferred is ' || coalesce(posted.amount, 0) || ' ' || currency
       || ' in the ledger, and the grants that are open are worth ' || coalesce(worth.amount, 0)
       AS "finding!"
FROM (SELECT currency, sum(value) AS amount
      FROM grants
      WHERE client_id = $1 AND closed_at IS NULL AND value > 0
      GROUP BY currency) AS worth
    FULL JOIN (SELECT currency,
                      sum(CASE WHEN credit = 'deferred' THEN amount ELSE -amount END) AS amount
               FROM ledger
               WHERE client_id = $1 AND 'deferred' IN (debit, credit)
               GROUP BY currency) AS posted USING (currency)
WHERE coalesce(worth.amount, 0) <> coalesce(posted.amount, 0)
ORDER BY currency LIMIT $2
