-- Money that came too late is there until it is paid back, by itself or by hand.
SELECT 'unapplied is ' || coalesce(posted.amount, 0) || ' ' || currency
       || ' in the ledger, and ' || coalesce(waiting.amount, 0) || ' is to be paid back'
       AS "finding!"
FROM (SELECT late.currency, sum(late.cash - coalesce(back.amount, 0)) AS amount
      FROM (SELECT DISTINCT payments.id, payments.currency, payments.cash
            FROM refunds
                JOIN payments ON payments.client_id = refunds.client_id
                             AND payments.id = refunds.payment_id
            WHERE refunds.client_id = $1 AND refunds.is_of_late_money) AS late
          LEFT JOIN (SELECT payment_id, sum(amount) AS amount
                     FROM refunds
                     WHERE client_id = $1 AND status = 'succeeded'
                     GROUP BY payment_id) AS back ON back.payment_id = late.id
      GROUP BY late.currency) AS waiting
    FULL JOIN (SELECT currency,
                      sum(CASE WHEN credit = 'unapplied' THEN amount ELSE -amount END) AS amount
               FROM ledger
               WHERE client_id = $1 AND 'unapplied' IN (debit, credit)
               GROUP BY currency) AS posted USING (currency)
WHERE coalesce(waiting.amount, 0) <> coalesce(posted.amount, 0)
ORDER BY currency LIMIT $2
