-- The newest subscriptions of user $1.
SELECT json_build_object('user_id', id, 'subscriptions', (
           SELECT coalesce(json_agg(page), '[]')
           FROM (SELECT s.id, s.user_id, s.plan, s.status, s.start_date, s.end_date, s.cancelled_at,
                        s.created_at, s.updated_at
                 FROM subscriptions s WHERE s.client_id = 2 AND s.user_id = users.id ORDER BY s.id DESC LIMIT 100) AS page
       ), 'has_more', false)::text
FROM users WHERE id = $1 AND client_id = 2
