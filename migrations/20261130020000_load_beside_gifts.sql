-- Beside gifts more is loaded. Where one that is worth something may be redeemed, the terms of live
-- subscriptions: the plan of what runs tells in which currency it is sold. And of those that are
-- redeemed, the subscriptions that they became part of: whoever redeems one again is told.

SET LOCAL lock_timeout = '500ms';

-- The subscriptions of the gifts that are redeemed.
CREATE FUNCTION load_redemptions(loaded json) RETURNS json LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
    RETURN (
        SELECT json_agg(granted.redemption)
        FROM json_to_recordset(CASE json_typeof(loaded->'gifts') WHEN 'array'
                               THEN loaded->'gifts' END)
                AS gift (client_id bigint, id bigint, status text),
            LATERAL (SELECT json_build_object('gift_id', grants.gift_id,
                                              'subscription_id', grants.subscription_id)
                         AS redemption
                     FROM grants
                     WHERE grants.client_id = gift.client_id AND grants.gift_id = gift.id
                     LIMIT 1) AS granted
        WHERE gift.status = 'redeemed'
    );
END $$;

CREATE OR REPLACE FUNCTION load_all(how text, needs jsonb, clients bigint[]) RETURNS json
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    found     record;
    of_plans  record;
    plan_needs jsonb := needs;
    clocks    json;
    rows      json;
    plans     json;
    accepted  json;
    tiers     json;
    redeemed  json;
    money     json;
    has_money boolean := needs ?| '{payments,methods,refunds,grants_of,new_grants_of}';
BEGIN
    IF clients IS NULL THEN
        NULL;
    ELSIF how = 'peek' THEN
        clocks := (SELECT json_agg(clock_row) FROM test_clocks AS clock_row
                   WHERE clock_row.client_id = ANY (clients));
    ELSIF needs ? 'moves_clocks' THEN
        -- All in one way, so that no lock has to become a stronger one.
        clocks := lock_test_clocks_to_move(clients);
    ELSE
        clocks := lock_test_clocks(clients);
    END IF;
    IF needs ? 'external_ids' THEN
        needs := find_external_ids(needs::json);
    END IF;
    IF needs ?| '{payments,methods,refunds}' THEN
        needs := find_money(needs::json);
    END IF;
    IF how = 'unlocked' THEN
        rows := load_unlocked(needs::json);
        has_money := has_money
            OR rows::text ~ '"payment_id":[0-9]|"status":"(scheduled|paused)"';
    ELSE
        IF how = 'batch' THEN
            found := load_rows(needs);
            IF needs ? 'jobs' THEN
                accepted := take_accepted_jobs(needs);
            END IF;
        ELSE
            found := peek_rows(needs);
        END IF;
        rows := found.loaded;
        has_money := has_money OR coalesce(found.has_money, false);
        -- A gift may be redeemed.
        IF needs ? 'gifts' THEN
            tiers := load_tiers(rows);
            redeemed := load_redemptions(rows);
        END IF;
    END IF;
    IF needs ? 'methods' OR has_money AND needs ? 'beside_gifts' THEN
        plan_needs := with_terms_of_live(plan_needs::json, rows);
    END IF;
    IF plan_needs ?| '{plans,terms_of}' THEN
        of_plans := load_plans(plan_needs);
        plans := of_plans.plans;
        has_money := has_money OR needs ? 'money' AND coalesce(of_plans.has_price, false)
            OR needs ? 'trials' AND coalesce(of_plans.has_trial, false);
    END IF;
    IF has_money THEN
        money := load_money(needs::json, rows, plans);
    END IF;
    RETURN json_build_object('rows', rows, 'accepted', accepted, 'plans', plans, 'clocks', clocks,
                             'tiers', tiers, 'redeemed', redeemed, 'money', money);
END $$;
