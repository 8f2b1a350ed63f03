SELECT 'user ' || user_id || ' has ' || count(*) || ' live subscriptions' AS "finding!"
FROM subscriptions
WHERE client_id = $1 AND status IN ('trialing', 'active', 'past_due', 'paused')
GROUP BY user_id
HAVING count(*) > 1
ORDER BY user_id LIMIT $2
