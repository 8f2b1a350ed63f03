-- What is disputed, and what was lost by that, stands in the ledger.
SELECT account || ' is ' || coalesce(posted.amount, 0) || ' ' || currency
       || ' in the ledger, and of payments ' || coalesce(told.amount, 0) AS "finding!"
FROM (SELECT CASE dispute_status WHEN 'opened' THEN 'disputes' ELSE 'chargebacks' END AS account,
             currency, sum(disputed) AS amount
      FROM payments
      WHERE client_id = $1 AND dispute_status IN ('opened', 'lost')
      GROUP BY 1, currency) AS told
    FULL JOIN (SELECT account, side.currency, sum(side.amount) AS amount
               FROM (SELECT debit AS account, currency, amount FROM ledger
                     WHERE client_id = $1 AND debit IN ('disputes', 'chargebacks')
                     UNION ALL
                     SELECT credit, currency, -amount FROM ledger
                     WHERE client_id = $1 AND credit IN ('disputes', 'chargebacks')) AS side
               GROUP BY account, side.currency) AS posted USING (account, currency)
WHERE coalesce(told.amount, 0) <> coalesce(posted.amount, 0)
ORDER BY account, currency LIMIT $2
