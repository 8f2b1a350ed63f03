-- A subscription waits for a payment only as long as that has not ended.
SELECT 'subscription ' || subscriptions.id || ' waits for payment ' || subscriptions.payment_id
       || ', which is ' || coalesce(payments.phase, 'not there') AS "finding!"
FROM subscriptions
    LEFT JOIN payments ON payments.client_id = $1 AND payments.id = subscriptions.payment_id
WHERE subscriptions.client_id = $1 AND subscriptions.payment_id IS NOT NULL
  AND (payments.phase IS NULL OR payments.phase IN ('succeeded', 'declined', 'cancelled'))
ORDER BY subscriptions.id LIMIT $2
