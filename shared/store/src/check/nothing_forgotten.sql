-- What a provider was to be asked for has an effect until its answer is there.
SELECT finding AS "finding!"
FROM (SELECT 'payment ' || payments.id || ' is ' || payments.phase || ', and nobody charges it'
             AS finding
      FROM payments
      WHERE payments.client_id = $1 AND payments.phase IN ('created', 'sent', 'unknown')
        AND NOT EXISTS (SELECT FROM effects
                        WHERE effects.client_id = $1 AND effects.kind = 'charge'
                          AND effects.payload ->> 'payment' = payments.id::text)
      UNION ALL
      SELECT 'refund ' || refunds.id || ' is pending, and nobody pays it back'
      FROM refunds
      WHERE refunds.client_id = $1 AND refunds.status = 'pending'
        AND NOT EXISTS (SELECT FROM effects
                        WHERE effects.client_id = $1 AND effects.kind = 'pay_back'
                          AND effects.payload ->> 'refund' = refunds.id::text)
      UNION ALL
      SELECT 'payment method ' || payment_methods.id || ' is pending, and nobody sets it up'
      FROM payment_methods
      WHERE payment_methods.client_id = $1 AND payment_methods.status = 'pending'
        AND NOT EXISTS (SELECT FROM effects
                        WHERE effects.client_id = $1 AND effects.kind = 'set_up_method'
                          AND effects.payload ->> 'method' = payment_methods.id::text)
      UNION ALL
      SELECT 'the test clock is on its way to ' || test_clocks.target || ', and nobody moves it'
      FROM test_clocks
      WHERE test_clocks.client_id = $1 AND test_clocks.target IS NOT NULL
        AND NOT EXISTS (SELECT FROM effects
                        WHERE effects.client_id = $1 AND effects.kind = 'clock')) AS found
ORDER BY finding LIMIT $2
