-- What was paid for a gift stands in its account until it is redeemed, expires or is cancelled.
SELECT 'gift ' || gift_id || ' holds ' || coalesce(posted.amount, 0) || ' in the ledger, and '
       || coalesce(worth.amount, 0) || ' was paid for it' AS "finding!"
FROM (SELECT id AS gift_id, value AS amount
      FROM gifts
      WHERE client_id = $1 AND status = 'pending' AND value > 0) AS worth
    FULL JOIN (SELECT split_part(account, ':', 2)::bigint AS gift_id, sum(amount) AS amount
               FROM (SELECT credit AS account, amount FROM ledger
                     WHERE client_id = $1 AND credit LIKE 'gifts:%'
                     UNION ALL
                     SELECT debit, -amount FROM ledger
                     WHERE client_id = $1 AND debit LIKE 'gifts:%') AS side
               GROUP BY 1) AS posted USING (gift_id)
WHERE coalesce(worth.amount, 0) <> coalesce(posted.amount, 0)
ORDER BY gift_id LIMIT $2
