-- By real time: that of a test client stands still.
SELECT finding AS "finding!"
FROM (SELECT 'payment ' || payment.value || ' was sent at ' || sent.value
             || ', and nobody says what came of it' AS finding
      FROM effects, LATERAL (SELECT effects.payload ->> 'payment' AS value) AS payment,
          LATERAL (SELECT effects.payload #>> '{progress,first_sent}' AS value) AS sent
      WHERE effects.client_id = $1 AND effects.kind = 'charge'
        AND sent.value::timestamptz < clock_timestamp() - interval '1 hour'
      UNION ALL
      SELECT 'refund ' || refund.value || ' was sent at ' || sent.value
             || ', and nobody says what came of it'
      FROM effects, LATERAL (SELECT effects.payload ->> 'refund' AS value) AS refund,
          LATERAL (SELECT effects.payload ->> 'first_sent' AS value) AS sent
      WHERE effects.client_id = $1 AND effects.kind = 'pay_back'
        AND sent.value::timestamptz < clock_timestamp() - interval '1 hour'
      UNION ALL
      SELECT 'payment method ' || method.value || ' was sent at ' || sent.value
             || ', and nobody says what came of it'
      FROM effects, LATERAL (SELECT effects.payload ->> 'method' AS value) AS method,
          LATERAL (SELECT effects.payload ->> 'first_sent' AS value) AS sent
      WHERE effects.client_id = $1 AND effects.kind = 'set_up_method'
        AND sent.value::timestamptz < clock_timestamp() - interval '1 hour'
      UNION ALL
      SELECT 'refund ' || refunds.id || ' of payment ' || refunds.payment_id
             || ' was refused by the provider: pay it back by hand'
      FROM refunds
      WHERE refunds.client_id = $1 AND refunds.status = 'failed') AS found
ORDER BY finding LIMIT $2
