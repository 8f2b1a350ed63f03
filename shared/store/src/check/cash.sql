-- What the provider has taken and not paid back, but for what is disputed or was lost by it.
SELECT 'cash is ' || coalesce(posted.amount, 0) || ' ' || currency
       || ' in the ledger, and ' || coalesce(taken.amount, 0) || ' was taken and not paid back'
       AS "finding!"
FROM (SELECT currency, sum(cash - refunded) AS amount
      FROM payments
      WHERE client_id = $1 AND phase = 'succeeded' AND cash > 0
      GROUP BY currency) AS taken
    FULL JOIN (SELECT currency,
                      sum(CASE WHEN debit IN ('cash', 'disputes', 'chargebacks') THEN amount
                               ELSE 0 END
                          - CASE WHEN credit IN ('cash', 'disputes', 'chargebacks') THEN amount
                                 ELSE 0 END) AS amount
               FROM ledger
               WHERE client_id = $1
                 AND (debit IN ('cash', 'disputes', 'chargebacks')
                      OR credit IN ('cash', 'disputes', 'chargebacks'))
               GROUP BY currency) AS posted USING (currency)
WHERE coalesce(taken.amount, 0) <> coalesce(posted.amount, 0)
ORDER BY currency LIMIT $2
