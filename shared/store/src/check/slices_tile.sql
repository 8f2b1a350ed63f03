-- Grants of releases before have no slices, and subscriptions with such are left out. A pause moves
-- what has not ended: it leaves a gap that is over when it goes on.
SELECT 'subscription ' || placed.subscription_id || ': '
       || CASE WHEN placed.is_off
               THEN 'a grant ends at ' || placed.before || ', and the next one begins at '
                    || placed.slice_start
               ELSE 'its last grant ends at ' || placed.slice_end || ', and not at '
                    || subscriptions.end_date END AS "finding!"
FROM (SELECT subscription_id, slice_start, slice_end,
             lag(slice_end) OVER in_order AS before,
             coalesce(CASE WHEN slice_start <= clock.now THEN lag(slice_end) OVER in_order > slice_start
                           ELSE lag(slice_end) OVER in_order <> slice_start END, false) AS is_off,
             lead(slice_end) OVER in_order IS NULL AS is_last
      FROM grants,
          (SELECT coalesce((SELECT now FROM test_clocks WHERE client_id = $1),
                           clock_timestamp()) AS now) AS clock
      WHERE client_id = $1 AND slice_start < slice_end
      WINDOW in_order AS (PARTITION BY subscription_id ORDER BY slice_start, id)) AS placed
    JOIN subscriptions ON subscriptions.client_id = $1
                      AND subscriptions.id = placed.subscription_id
WHERE subscriptions.status IN ('trialing', 'active', 'past_due', 'paused')
  AND (placed.is_off
       OR placed.is_last AND placed.slice_end <> subscriptions.end_date)
  AND NOT EXISTS (SELECT FROM grants
                  WHERE grants.client_id = $1 AND grants.subscription_id = subscriptions.id
                    AND grants.slice_end IS NULL)
ORDER BY placed.subscription_id LIMIT $2
