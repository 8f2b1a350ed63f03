-- A redeemed gift that was paid back may be cancelled.
SELECT finding AS "finding!"
FROM (SELECT 'gift ' || gifts.id || ' is redeemed, and has given no months' AS finding
      FROM gifts
      WHERE gifts.client_id = $1 AND gifts.status = 'redeemed'
        AND NOT EXISTS (SELECT FROM grants
                        WHERE grants.client_id = $1 AND grants.gift_id = gifts.id)
      UNION ALL
      SELECT 'gift ' || grants.gift_id || ' has given months, and is ' || gifts.status
      FROM grants JOIN gifts ON gifts.client_id = $1 AND gifts.id = grants.gift_id
      WHERE grants.client_id = $1 AND gifts.status NOT IN ('redeemed', 'cancelled')
      UNION ALL
      SELECT 'gift ' || gift_id || ' has given months ' || count(*) || ' times'
      FROM grants
      WHERE client_id = $1 AND gift_id IS NOT NULL
      GROUP BY gift_id
      HAVING count(*) > 1) AS found
ORDER BY finding LIMIT $2
