-- The closing of an account is the sum of its transfers up to the place that is closed.
SELECT coalesce(closed.account, summed.account) || ' is closed with '
       || coalesce(closed.amount, 0) || ' ' || coalesce(closed.currency, summed.currency)
       || ', and was ' || coalesce(summed.amount, 0) AS "finding!"
FROM (SELECT account, currency, amount FROM ledger_closings WHERE client_id = $1) AS closed
    FULL JOIN (SELECT side.account, side.currency, sum(side.amount) AS amount
               FROM ledger_places AS place,
                   LATERAL (SELECT debit AS account, currency, amount FROM ledger
                            WHERE ledger.client_id = $1
                              AND (ledger.tx, ledger.id) <= (place.tx, place.ledger_id)
                            UNION ALL
                            SELECT credit, currency, -amount FROM ledger
                            WHERE ledger.client_id = $1
                              AND (ledger.tx, ledger.id) <= (place.tx, place.ledger_id)) AS side
               WHERE place.client_id = $1
               GROUP BY side.account, side.currency) AS summed USING (account, currency)
WHERE coalesce(closed.amount, 0) <> coalesce(summed.amount, 0)
ORDER BY 1 LIMIT $2
