-- Who gets another default payment method may owe a renewal, which is tried at once at its price.

SET LOCAL lock_timeout = '500ms';

-- What is needed of plans, and the terms of the live subscriptions that were loaded.
CREATE FUNCTION with_terms_of_live(plan_needs json, loaded json) RETURNS json LANGUAGE sql AS $$
    SELECT (coalesce(plan_needs::jsonb, '{}') || jsonb_build_object('terms_of',
        coalesce(plan_needs::jsonb->'terms_of', '[]')
        || (SELECT coalesce(jsonb_agg(jsonb_build_object('client_id', live.client_id,
                                                         'id', live.id)), '[]')
            FROM json_to_recordset(CASE json_typeof(loaded->'subscriptions') WHEN 'array'
                                   THEN loaded->'subscriptions' END)
                AS live (client_id bigint, id bigint, status text)
            WHERE live.status IN ('trialing', 'active', 'past_due', 'paused'))))::json
$$;
