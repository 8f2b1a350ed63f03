-- What a user has, with what is reserved for payments that have not ended.
SELECT 'user ' || user_id || ' has ' || coalesce(kept.amount, 0)
       || ' to his credit, and ' || coalesce(posted.amount, 0) || ' in the ledger' AS "finding!"
FROM (SELECT users.id AS user_id, users.credit + coalesce(reserved.amount, 0) AS amount
      FROM users
          LEFT JOIN (SELECT payments.user_id, sum(payments.credit) AS amount
                     FROM payments
                     WHERE payments.client_id = $1
                       AND payments.phase IN ('created', 'sent', 'unknown', 'action_required')
                     GROUP BY payments.user_id) AS reserved ON reserved.user_id = users.id
      WHERE users.client_id = $1) AS kept
    FULL JOIN (SELECT split_part(account, ':', 2)::bigint AS user_id, sum(amount) AS amount
               FROM (SELECT credit AS account, amount FROM ledger
                     WHERE client_id = $1 AND credit LIKE 'credit:%'
                     UNION ALL
                     SELECT debit, -amount FROM ledger
                     WHERE client_id = $1 AND debit LIKE 'credit:%') AS side
               GROUP BY 1) AS posted USING (user_id)
WHERE coalesce(kept.amount, 0) <> coalesce(posted.amount, 0)
ORDER BY user_id LIMIT $2
