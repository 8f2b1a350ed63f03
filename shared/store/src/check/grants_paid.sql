SELECT 'grant ' || grants.id || ' of subscription ' || grants.subscription_id || ' is worth '
       || grants.value || ', and '
       || CASE WHEN grants.payment_id IS NULL THEN 'has no payment'
               ELSE 'its payment ' || grants.payment_id || ' is '
                    || coalesce(payments.phase, 'not there') END AS "finding!"
FROM grants
    LEFT JOIN payments ON payments.client_id = $1 AND payments.id = grants.payment_id
WHERE grants.client_id = $1 AND grants.value > 0 AND payments.phase IS DISTINCT FROM 'succeeded'
ORDER BY grants.id LIMIT $2
