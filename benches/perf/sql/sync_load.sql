-- The user, locked, and whether there is an active subscription.
SELECT id, (SELECT s.id FROM subscriptions s WHERE s.client_id = 2 AND s.user_id = users.id AND s.status = 'active') AS active
FROM users WHERE id = $1 AND client_id = 2 FOR NO KEY UPDATE
